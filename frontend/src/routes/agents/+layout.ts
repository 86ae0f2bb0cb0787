// Of a person: there is nothing to show before they are known.
export const prerender = false;
export const ssr = false;
