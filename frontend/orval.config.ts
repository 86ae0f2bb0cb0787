import { defineConfig } from 'orval';

export default defineConfig({
  foyer: {
    input: '../openapi.yaml',
    output: {
      target: 'src/lib/api/client.gen.ts',
      client: 'fetch',
      mode: 'single',
      override: {
        mutator: { path: 'src/lib/api/http.ts', name: 'http' },
        fetch: { includeHttpResponseReturnType: false },
      },
    },
  },
});
