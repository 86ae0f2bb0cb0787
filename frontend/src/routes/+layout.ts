// Shown before any script: the pages that need no session are written when the portal is built.
export const prerender = true;
export const ssr = true;
export const trailingSlash = 'never';
