// Bundles the program into dist/, with the types of what users import: one file a command needs at once, the rest split off and loaded when used.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

rmSync(join(root, 'dist'), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: {
    main: 'src/cli/main.ts',
    testing: 'src/cluster/testing.ts',
    images: 'src/cluster/images.ts',
    machinery: 'src/machinery/public.ts',
    resources: 'src/api/generated/resources.ts',
  },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  mainFields: ['module', 'main'],
  sourcemap: 'linked',
  legalComments: 'none',
  // Native or data-reading packages stay as they are in node_modules.
  external: ['lmdb'],
  // CommonJS packages inside an ESM bundle still ask for require.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});

const tsc = join(root, 'node_modules', '.bin', 'tsc');
const types = spawnSync(tsc, ['-p', 'tsconfig.types.json'], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
});
if (types.status !== 0) process.exit(1);
