// Shown before any script: these pages need no session.
export const prerender = true;
export const ssr = true;
