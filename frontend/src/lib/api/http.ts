/** The one place that speaks HTTP: the access token, its refresh, and problems (RFC 9457). */

export interface FieldError {
  pointer: string;
  code: string;
  detail: string;
}

/** A refusal of the API, or a network that is away (`code: 'offline'`). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly errors: FieldError[] = [],
    readonly retryAfter = 0,
  ) {
    super(detail);
  }
}

interface Tokens {
  access_token: string;
  expires_in: number;
  scope: string;
}

let access = '';
let expiresAt = 0;
let refreshing: Promise<boolean> | undefined;
let language = 'fr';
let onScopes: (scope: string) => void = () => {};
let onSignedOut: () => void = () => {};
let onQueue: (sentence: string) => void = () => {};

export function listen(scopes: (scope: string) => void, signedOut: () => void): void {
  onScopes = scopes;
  onSignedOut = signedOut;
}

/** Hear how the place in the waiting room changes; an empty sentence when it is over. */
export function listenToQueue(told: (sentence: string) => void): void {
  onQueue = told;
}

export function speak(tag: string): void {
  language = tag;
}

/** Take a new access token into use. */
export function keep(tokens: Tokens): void {
  access = tokens.access_token;
  expiresAt = Date.now() + (tokens.expires_in - 20) * 1000;
  onScopes(tokens.scope);
}

export function forget(): void {
  access = '';
  expiresAt = 0;
}

async function send(url: string, options: RequestInit): Promise<Response> {
  const headers = new Headers(options.headers);
  headers.set('Accept-Language', language);
  if (access && !headers.has('Authorization')) headers.set('Authorization', `Bearer ${access}`);
  // A file on a slow network takes its time.
  const patience = options.body instanceof FormData ? 300_000 : 30_000;
  try {
    return await fetch(url, { ...options, headers, signal: AbortSignal.timeout(patience) });
  } catch {
    throw new Problem(0, 'offline', '');
  }
}

/** Renew the session from its cookie; two callers share one request. False when there is no session. */
export function refresh(): Promise<boolean> {
  refreshing ??= renew().finally(() => (refreshing = undefined));
  return refreshing;
}

async function renew(): Promise<boolean> {
  forget();
  const answer = await send('/api/v1/sessions/refresh', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{}',
  });
  if (answer.ok) {
    keep((await answer.json()) as Tokens);
    return true;
  }
  if (answer.status === 401) return false;
  throw await problem(answer);
}

async function problem(answer: Response): Promise<Problem> {
  const body = (await answer.json().catch(() => ({}))) as Partial<Problem>;
  const wait = Number(answer.headers.get('Retry-After') ?? 0);
  return new Problem(answer.status, body.code ?? 'internal-error', body.detail ?? '', body.errors ?? [], wait);
}

/** Send a request with the session's token, renewed when it is old; gives the body, throws Problem. */
export async function http<T>(url: string, options: RequestInit = {}): Promise<T> {
  const signedIn = access !== '';
  const answer = await inTurn(() => withToken(url, options, signedIn));
  if (answer.status === 401 && signedIn) {
    forget();
    onSignedOut();
  }
  if (!answer.ok) throw await problem(answer);
  if (answer.status === 204) return undefined as T;
  const isJson = answer.headers.get('Content-Type')?.includes('json');
  return (isJson ? await answer.json() : await answer.blob()) as T;
}

async function withToken(url: string, options: RequestInit, signedIn: boolean): Promise<Response> {
  if (signedIn && Date.now() > expiresAt) await refresh();
  const answer = await send(url, options);
  return answer.status === 401 && signedIn && (await refresh()) ? send(url, options) : answer;
}

/** Asked again for as long as the answer is a place in the waiting room: whoever waits there keeps it. */
async function inTurn(ask: () => Promise<Response>): Promise<Response> {
  let waited = false;
  try {
    for (;;) {
      const answer = await ask();
      if (answer.status !== 503) return answer;
      const told = await problem(answer.clone());
      if (told.code !== 'waiting-room') return answer;
      onQueue(told.detail);
      waited = true;
      await new Promise((resolve) => setTimeout(resolve, told.retryAfter * 1000));
    }
  } finally {
    if (waited) onQueue('');
  }
}
