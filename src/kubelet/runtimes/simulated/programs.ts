import type { FileTree } from './file-tree.ts';
import { parseSpanMs } from './behaviour.ts';

/** What a program of a simulated container has to do with. */
export interface ProgramContext {
  /** Whether a person sits before it. */
  isTerminal: boolean;
  /** Ends at once where the command was given no input. */
  stdin: AsyncIterable<Uint8Array>;
  /** Resolve when there is room for more. */
  out(data: string | Uint8Array): Promise<void>;
  err(text: string): Promise<void>;
  env: readonly { name: string; value: string }[];
  hostname: string;
  files: FileTree;
  sleep(ms: number): Promise<void>;
}

/** Gives its exit code. */
type Program = (args: string[], context: ProgramContext) => Promise<number>;

/** An archive is held whole while it is unpacked. */
const mostInput = 32 * 2 ** 20;

async function cat(args: string[], { stdin, out, err, files }: ProgramContext): Promise<number> {
  let code = 0;
  for (const path of args.length > 0 ? args : ['-']) {
    const content = path === '-' ? undefined : files.read(path);
    if (content) await out(content);
    else if (path === '-') for await (const chunk of stdin) await out(chunk);
    else {
      code = 1;
      await err(`cat: can't open '${path}': No such file or directory\n`);
    }
  }
  return code;
}

async function env(args: string[], context: ProgramContext): Promise<number> {
  const told = args.length > 0 ? context.env.filter(({ name }) => args.includes(name)) : undefined;
  const lines = told ? told.map(({ value }) => value) : context.env.map((e) => `${e.name}=${e.value}`);
  await context.out(lines.map((line) => `${line}\n`).join(''));
  return told?.length === 0 ? 1 : 0;
}

async function ls(args: string[], { out, err, files }: ProgramContext): Promise<number> {
  const [path = '/'] = args.filter((arg) => !arg.startsWith('-'));
  const names = files.read(path) ? [path] : files.list(path);
  if (names) await out(names.map((name) => `${name}\n`).join(''));
  else await err(`ls: ${path}: No such file or directory\n`);
  return names ? 0 : 1;
}

async function sleep([span = '']: string[], { sleep: rest, err }: ProgramContext): Promise<number> {
  const ms = /^[\d.]+$/.test(span) ? Number(span) * 1000 : parseSpanMs(span);
  if (ms === undefined || Number.isNaN(ms)) {
    await err(`sleep: invalid number '${span}'\n`);
    return 1;
  }
  await rest(ms);
  return 0;
}

/** As far as copying needs it: `tar cf - PATH` and `tar xf - -C DIRECTORY`. */
async function tar(args: string[], context: ProgramContext): Promise<number> {
  const { stdin, out, err, files } = context;
  const mode = (args.find((arg) => /^-?[a-z]+$/.test(arg)) ?? '').replace('-', '');
  const at = args.indexOf('-C');
  try {
    if (mode.includes('x')) {
      await files.unpack(await whole(stdin), (at >= 0 && args[at + 1]) || '/');
      return 0;
    }
    const path = args.at(-1) ?? '';
    const archive = mode.includes('c') ? await files.pack(path) : undefined;
    if (!archive) throw new Error(`${path}: No such file or directory`);
    await out(archive);
    return 0;
  } catch (error) {
    await err(`tar: ${(error as Error).message}\n`);
    return 1;
  }
}

async function whole(stdin: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    size += chunk.length;
    if (size > mostInput) throw new Error('the archive is larger than a simulated container can take');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const programs: Record<string, Program> = {
  cat,
  echo: async (args, { out }) => {
    await out(`${args.join(' ')}\n`);
    return 0;
  },
  env,
  false: async () => 1,
  hostname: async (_args, { out, hostname }) => {
    await out(`${hostname}\n`);
    return 0;
  },
  ls,
  printenv: env,
  sleep,
  tar,
  test: async ([kind, path = ''], { files }) => {
    if (kind === '-d') return files.isDirectory(path) ? 0 : 1;
    return files.isDirectory(path) || files.read(path) ? 0 : 1;
  },
  true: async () => 0,
};

/** The program that a path or name stands for; undefined for what no simulated container has. */
export function programOf(name: string): Program | undefined {
  const base = name.slice(name.lastIndexOf('/') + 1);
  if (base === 'sh' || base === 'bash' || base === 'ash') return shell;
  return Object.hasOwn(programs, base) ? programs[base] : undefined;
}

const prompt = '/ # ';

/** `sh -c SCRIPT`, or a shell that reads its commands line by line. */
async function shell(args: string[], context: ProgramContext): Promise<number> {
  const at = args.indexOf('-c');
  const run = new Shell(context);
  if (at >= 0) {
    await run.script(args[at + 1] ?? '');
    return run.code;
  }
  const ask = async () => context.isTerminal && context.out(prompt);
  await ask();
  for await (const line of linesOf(context.stdin)) {
    await run.script(line);
    if (run.exited) return run.code;
    await ask();
  }
  return run.code;
}

async function* linesOf(stdin: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  let kept = '';
  for await (const chunk of stdin) {
    const lines = (kept + Buffer.from(chunk).toString('utf8')).split('\n');
    kept = (lines.pop() ?? '').slice(-4096);
    yield* lines;
  }
  if (kept !== '') yield kept;
}

/** Commands one after the other, with quotes and `exit`; nothing else of what shells can do. */
class Shell {
  code = 0;
  exited = false;
  readonly #context: ProgramContext;

  constructor(context: ProgramContext) {
    this.#context = context;
  }

  async script(text: string): Promise<void> {
    for (const [command] of text.matchAll(/(?:[^;\n'"]|'[^']*'|"[^"]*")+/g)) {
      const [name, ...args] = wordsOf(command);
      if (name === undefined) continue;
      if (name === 'exit') {
        this.code = Number(args[0] ?? this.code) & 0xff;
        this.exited = true;
        return;
      }
      this.code = await this.#run(name, args);
    }
  }

  async #run(name: string, args: string[]): Promise<number> {
    const program = programOf(name);
    if (program) return program(args, this.#context);
    await this.#context.err(`sh: ${name}: not found\n`);
    return 127;
  }
}

const wordsOf = (command: string) =>
  [...command.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double),
  );
