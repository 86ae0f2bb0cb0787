/** Reading a service key as it is typed: Crockford base32 with one check symbol over GF(32), as the API does. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 12;

function timesTwo(value: number): number {
  const doubled = value << 1;
  return doubled & 32 ? doubled ^ 0b100101 : doubled;
}

/** Whether what was typed can be a key: 12 symbols whose last one fits the others. */
export function canBeKey(typed: string): boolean {
  const symbols = [...typed.toUpperCase().replace(/[\s\-‐‑‒–—−_.·]/g, '')].map((c) => ALPHABET.indexOf({ O: '0', I: '1', L: '1' }[c] ?? c));
  if (symbols.length !== LENGTH || symbols.includes(-1)) return false;
  const check = symbols.pop();
  return symbols.reverse().reduce((total, symbol) => timesTwo(total ^ symbol), 0) === check;
}
