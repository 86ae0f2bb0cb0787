import { defineConfig } from 'orval';

export default defineConfig({
  foyer: {
    input: '../openapi.yaml',
    output: {
      target: 'src/lib/api/generated/foyer.ts',
      client: 'fetch',
      mode: 'tags',
      override: {
        mutator: { path: 'src/lib/api/http.ts', name: 'http' },
        fetch: { includeHttpResponseReturnType: false },
      },
    },
  },
});
