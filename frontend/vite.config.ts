import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vitest/config';

/** The reference of the API is drawn by Redoc: one file of its package, served by us, without its one picture from a CDN. */
const reference = {
  name: 'reference',
  buildStart(): void {
    const bundle = createRequire(import.meta.url).resolve('redoc/bundles/redoc.standalone.js');
    const script = readFileSync(bundle, 'utf8').replaceAll('https://cdn.redoc.ly/redoc/logo-mini.svg', '/favicon.svg');
    writeFileSync('static/reference/redoc.standalone.js', script);
    cpSync(`${bundle}.LICENSE.txt`, 'static/reference/redoc.standalone.js.LICENSE.txt');
  },
};

export default defineConfig({
  plugins: [
    reference,
    sveltekit({
      // Pages that need no session are prerendered; any other address gets 200.html. FastAPI serves both.
      adapter: adapter({ fallback: '200.html', precompress: true }),
      // A page of the town's is painted from its first answer, without waiting for its styles.
      inlineStyleThreshold: 8_000,
      // The policy is a header: FastAPI hashes the start scripts of the built pages.
    }),
  ],
  build: {
    target: 'es2022',
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // SvelteKit's start hands the page's facts to its runtime, which must not be evaluated before: a chunk of its own.
            { name: 'start', test: /client\/payload|preload-helper/, priority: 2 },
            // What every page of a family needs is one file: dozens of small ones compress badly and stand in line on a slow network.
            { name: 'family', test: /src\/lib\/(ui\/|api\/(http|client)|[a-z]+\.svelte\.ts|(routes|town|format|once|link|passkeys)\.ts|i18n\/index)/, priority: 1 },
          ],
        },
      },
    },
  },
  // Under Vitest a component is mounted, not rendered on a server.
  resolve: process.env.VITEST ? { conditions: ['browser'] } : undefined,
  server: { proxy: { '/api': 'http://localhost:8000' } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
