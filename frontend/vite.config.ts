import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [
    sveltekit({
      // Pages that need no session are prerendered; any other address gets 200.html. FastAPI serves both.
      adapter: adapter({ fallback: '200.html', precompress: true }),
      // The policy is a header: FastAPI hashes the start scripts of the built pages.
    }),
  ],
  build: { target: 'es2022' },
  server: { proxy: { '/api': 'http://localhost:8000' } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
