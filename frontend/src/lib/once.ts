/** An Idempotency-Key for what is sent: the same content has the same key, also after a reload or a lost answer. */
export function onceKey(name: string): { for: (content: unknown) => string; done: () => void } {
  const stored = `foyer.once.${name}`;
  return {
    for(content: unknown): string {
      const text = JSON.stringify(content);
      const kept = JSON.parse(sessionStorage.getItem(stored) ?? '{}') as { text?: string; key?: string };
      if (kept.text === text && kept.key) return kept.key;
      // randomUUID needs a secure page; a portal tried over plain HTTP on the local network has none.
      const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
      sessionStorage.setItem(stored, JSON.stringify({ text, key }));
      return key;
    },
    done(): void {
      sessionStorage.removeItem(stored);
    },
  };
}
