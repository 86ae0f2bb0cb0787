import { browser } from '$app/env';

import { listenToQueue } from '#lib/api/http.ts';

/** What every page tells of the way to the portal. */
class Connection {
  /** Whether the device says that it has a network. */
  online = $state(true);
  /** The place in the waiting room, as a sentence; empty when there is no need to wait. */
  queue = $state('');

  constructor() {
    if (!browser) return;
    listenToQueue((sentence) => (this.queue = sentence));
    this.online = navigator.onLine;
    for (const kind of ['online', 'offline']) addEventListener(kind, () => (this.online = navigator.onLine));
  }
}

export const connection = new Connection();
