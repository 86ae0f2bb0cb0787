import { browser } from '$app/env';

/** Whether the device says that it has a network. */
class Connection {
  online = $state(true);

  constructor() {
    if (!browser) return;
    this.online = navigator.onLine;
    for (const kind of ['online', 'offline']) addEventListener(kind, () => (this.online = navigator.onLine));
  }
}

export const connection = new Connection();
