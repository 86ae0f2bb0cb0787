/** Keeps the shell for a second visit: pages without anybody's data, script, styles, images. It never sees the API. */
import { version } from '$app/env';
import { assets, prerendered } from '$app/manifest';
import { self } from '$app/service-worker';

const SHELL = '/200.html';
const CACHE = `shell-${version}`;
const IMMUTABLE = '/_app/immutable/';
// The manifest gives paths without their first stroke; what comes with a request has it.
const pages = prerendered.map(({ path }) => `/${path}`);
const files = assets.map(({ path }) => `/${path}`).filter((path) => !path.endsWith('.txt') && !path.startsWith('/reference'));

/** The pages, and what they start with; other script is kept when it is first used, so that agents' never travels for a parent. */
async function fill(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll([SHELL, ...pages, ...files]);
  const texts = await Promise.all([SHELL, ...pages].map(async (page) => (await cache.match(page))?.text() ?? ''));
  await cache.addAll([...new Set(texts.join().match(/\/_app\/immutable\/[\w./-]+/g))]);
}

async function removeOlder(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** A page at once from here, and fresh for the next time: the town may have changed its name or colour. */
async function page(event: FetchEvent, pathname: string): Promise<Response> {
  const cache = await caches.open(CACHE);
  const name = pages.includes(pathname) ? pathname : SHELL;
  const fresh = fetch(name).then((answer) => (answer.ok ? cache.put(name, answer.clone()).then(() => answer) : answer));
  const kept = await cache.match(name);
  event.waitUntil(fresh.catch(() => undefined));
  return kept ?? fresh;
}

async function file(request: Request, pathname: string): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(pathname);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(pathname, answer.clone());
  return answer;
}

self.addEventListener('install', (event) => event.waitUntil(fill().then(() => self.skipWaiting())));
self.addEventListener('activate', (event) => event.waitUntil(removeOlder()));
self.addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== self.location.origin) return;
  // The API, the contract and what is for machines go to the network untouched.
  if (/^\/(api\/|\.well-known\/|openapi|reference|healthz|readyz|metrics)/.test(pathname)) return;
  if (event.request.mode === 'navigate') event.respondWith(page(event, pathname));
  else if (pathname.startsWith(IMMUTABLE) || files.includes(pathname)) event.respondWith(file(event.request, pathname));
});
