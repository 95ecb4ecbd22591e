// Bundles the program into dist/, with the types of what users import and the licences of the packages inside: one file a
// command needs at once, the rest split off and loaded when used. dist/ is there when it is whole: one that is broken off, or one
// beside another, harms nothing.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Beside dist/, so that what leads to sources from here does so from there. */
const out = join(root, `.dist-${process.pid}`);
const before = `${out}-before`;
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
process.on('exit', () => {
  for (const path of [out, before]) rmSync(path, { recursive: true, force: true });
});

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: {
    main: 'src/cli/main.ts',
    'http-thread': 'src/platform/http-thread/thread.ts',
    'scheduler-thread': 'src/cluster/scheduler-thread/thread.ts',
    testing: 'src/cluster/testing.ts',
    images: 'src/cluster/images.ts',
    machinery: 'src/machinery/public.ts',
    resources: 'src/api/generated/resources.ts',
  },
  outdir: out,
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
  metafile: true,
});

/** Names, versions and licences of the packages that are in the bundle, with their licence texts, which ask to go with it. */
function notices() {
  const inside = Object.keys(metafile.inputs).flatMap((path) => {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path);
    return found ? [join(root, found[1])] : [];
  });
  const notice = (directory) => {
    const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
    const texts = readdirSync(directory).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
    const text = texts.map((file) => readFileSync(join(directory, file), 'utf8').trim()).join('\n\n');
    return `${name} ${version} (${license})\n\n${text}`.trimEnd();
  };
  const all = [...new Set(inside)].map(notice).sort();
  return `k8ts is bundled with these packages.\n\n${all.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

writeFileSync(join(out, 'NOTICES.txt'), notices());

const tsc = join(root, 'node_modules', '.bin', 'tsc');
const types = spawnSync(tsc, ['-p', 'tsconfig.types.json', '--outDir', join(out, 'types')], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
});
if (types.status !== 0) process.exit(1);

/** Removes the declarations that nothing leads to which users import: a declaration imports less than its source. */
function pruneTypes() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const reached = new Set();
  const reach = (file) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/\b(?:from|import\() ?'(\.[^']+)\.ts'/g))
      reach(join(dirname(file), `${path}.d.ts`));
  };
  const directory = join(out, 'types');
  const files = readdirSync(directory, { recursive: true })
    .filter((name) => name.endsWith('.d.ts'))
    .map((name) => join(directory, name));
  for (const { types } of Object.values(exports)) {
    const [before, after = ''] = types ? types.replace('./dist', out).split('*') : [];
    for (const file of files) if (before && file.startsWith(before) && file.endsWith(after)) reach(file);
  }
  for (const file of files) if (!reached.has(file)) rmSync(file);
}

pruneTypes();
const dist = join(root, 'dist');
if (existsSync(dist)) renameSync(dist, before);
// Where another build has been quicker, its result stays: it is of the same sources.
if (!existsSync(dist)) renameSync(out, dist);
