// Makes the files that ship in the folder that is named: wherry.mjs, the worker beside it, and the chunks they share.
import { build } from 'esbuild';

/**
 * dockerode brings what it needs to reach Docker over SSH and to build images: 30 MB of memory for two things that are
 * never done here. Whoever else asks for these packages gets them.
 */
const leftOut = {
  name: 'left-out',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(ssh2|@grpc\/grpc-js|@grpc\/proto-loader)$/ }, ({ path, importer }) =>
      /node_modules\/docker(ode|-modem)\//.test(importer) ? { path, namespace: 'left-out' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
  },
};

/** Imported as a module, node:http makes everything it could ever export, a whole WebSocket client too: 20 ms and 5 MB. */
const plainHttp = {
  name: 'plain-http',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?http$/ }, () => ({ path: 'http', namespace: 'plain-http' }));
    onLoad({ filter: /.*/, namespace: 'plain-http' }, () => ({
      contents: "module.exports = process.getBuiltinModule('node:http');",
      loader: 'js',
    }));
  },
};

await build({
  entryPoints: {
    wherry: 'src/main.ts',
    'sqlite-worker': 'src/store/embedded/sqlite-worker.ts',
    'dns-program': 'src/network/dns/dns-program.ts',
  },
  outdir: process.argv[2],
  outExtension: { '.js': '.mjs' },
  entryNames: '[name]',
  chunkNames: 'chunk-[hash]',
  bundle: true,
  splitting: true,
  minifySyntax: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  mainFields: ['module', 'main'],
  logLevel: 'warning',
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  plugins: [leftOut, plainHttp],
});
