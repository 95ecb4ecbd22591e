// The embedded store beside real etcd, and behind etcd's API, on the same disk and in turns. About three minutes.
// Reports figures and ratios; asserts nothing.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { etcdPath, newerEtcd } from '../src/store/etcd/test-etcd.ts';
import { refuse } from './arguments.mjs';
import { churn, compactions, type Measured, puts, ranges, restarts, watchers } from './store/measures.ts';
import { embedded, etcdServer, hasCommand, k8tsEtcdServer, type Subject, server } from './store/subjects.ts';

const usage =
  'npm run bench:store -- [--seconds N (a measurement, 2)] [--objects N (100000)] [--only puts,reads,watches,restart,churn,compaction]';
const parts = ['puts', 'reads', 'watches', 'restart', 'churn', 'compaction'];

function options() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '2' },
        objects: { type: 'string', default: '100000' },
        only: { type: 'string', default: parts.join(',') },
        help: { type: 'boolean' },
      },
    });
    if (values.help) return refuse(usage, undefined);
    const only = values.only.split(',');
    const number = (text: string) => (/^[1-9]\d{0,6}$/.test(text) ? Number(text) : refuse(usage, text));
    const unknown = only.find((part) => !parts.includes(part));
    if (unknown !== undefined) return refuse(usage, unknown);
    return { seconds: number(values.seconds), objects: number(values.objects), only: new Set(only) };
  } catch (error) {
    return refuse(usage, (error as Error).message);
  }
}

const { seconds, objects, only } = options();
const program = join(process.cwd(), 'bin', 'k8ts');
const dir = mkdtempSync(join(process.cwd(), '.bench-store-'));

/** Figures of each subject, and how the others stand to etcd. */
function say({ what, unit, values }: Measured): void {
  const etcd = values.find(({ name }) => name === 'etcd')?.value;
  const all = values.map(({ name, value }) => {
    const ratio = etcd && name !== 'etcd' ? ` (${(value / etcd).toFixed(2)} x etcd)` : '';
    return `${name} ${value >= 100 ? value.toFixed(0) : value.toFixed(2)}${ratio}`;
  });
  console.log(`${`${what}, ${unit}`.padEnd(54)} ${all.join('   ')}`);
}

async function subjects(): Promise<Subject[]> {
  const all: Subject[] = [await embedded(dir)];
  if (etcdPath) all.push(await server(dir, etcdServer(etcdPath)));
  else console.log('etcd is not here: `npm run setup -- --for-tests` installs it');
  if (newerEtcd.etcd) all.push(await server(dir, { ...etcdServer(newerEtcd.etcd), name: newerEtcd.name }));
  if (!existsSync(join(process.cwd(), 'dist', 'main.js'))) console.log('no `k8ts etcd`: run `npm run build`');
  else if (hasCommand(program, 'etcd')) all.push(await server(dir, k8tsEtcdServer(program)));
  else console.log('no `k8ts etcd`: this program does not have the command');
  return all;
}

let running: Subject[] = [];
try {
  running = await subjects();
  const given = { subjects: running, forMs: seconds * 1000, say };
  if (only.has('puts')) await puts(given);
  if (only.has('reads')) await ranges(given);
  if (only.has('watches')) await watchers(given);
  if (only.has('restart')) await restarts({ ...given, objects });
  if (only.has('churn')) await churn({ ...given, dir });
  if (only.has('compaction')) await compactions({ ...given, dir, objects });
} finally {
  for (const subject of running) await subject.stop();
  rmSync(dir, { recursive: true });
}
