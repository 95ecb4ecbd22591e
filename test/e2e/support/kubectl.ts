import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandOptions, type Ended, eventually, Running, runToEnd, words } from './commands.ts';

export interface ClientOptions {
  program: string;
  kubeconfig: string;
  /** Where the client keeps its caches, and this class its manifests. */
  home: string;
  namespace?: string;
  /** Put in front of every command. */
  flags?: readonly string[];
}

/** A command: as one text, split as a shell does, or in words. */
export type Command = string | readonly string[];

/** kubectl or helm, unmodified, against one cluster. */
export class CommandClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** The same client with other options. */
  with(options: Partial<ClientOptions>): CommandClient {
    return new CommandClient({ ...this.#options, ...options });
  }

  #args(command: Command): string[] {
    const { namespace, flags = [] } = this.#options;
    const args = typeof command === 'string' ? words(command) : [...command];
    return [...flags, ...(namespace ? ['--namespace', namespace] : []), ...args];
  }

  #env(options?: CommandOptions): CommandOptions {
    const { kubeconfig, home } = this.#options;
    const env = {
      KUBECONFIG: kubeconfig,
      HOME: home,
      KUBECACHEDIR: join(home, 'cache'),
      HELM_CACHE_HOME: join(home, 'helm'),
      HELM_CONFIG_HOME: join(home, 'helm'),
      HELM_DATA_HOME: join(home, 'helm'),
      NO_COLOR: '1',
    };
    return { ...options, env: { ...env, ...options?.env } };
  }

  /** Runs a command to its end, whatever that is. */
  run(command: Command, options?: CommandOptions): Promise<Ended> {
    return runToEnd(this.#options.program, this.#args(command), this.#env(options));
  }

  /** Runs a command that must succeed; gives what it printed. */
  async ok(command: Command, options?: CommandOptions): Promise<string> {
    const { code, stdout, stderr, command: line } = await this.run(command, options);
    if (code !== 0) throw new Error(`${line}: exit code ${code}\n${stdout}${stderr}`);
    return stdout.trimEnd();
  }

  /** Runs a command that must fail with exit code 1; gives its complaint. */
  async fails(command: Command, options?: CommandOptions): Promise<string> {
    const { code, stdout, stderr, command: line } = await this.run(command, options);
    if (code !== 1) throw new Error(`${line}: exit code ${code} instead of 1\n${stdout}${stderr}`);
    return stderr.trimEnd();
  }

  /** What a command prints as JSON. */
  // biome-ignore lint: answers have whatever shape the caller knows them to have.
  async json(command: Command, options?: CommandOptions): Promise<any> {
    const args = typeof command === 'string' ? words(command) : [...command];
    return JSON.parse(await this.ok([...args, '-o', 'json'], options));
  }

  /** Starts a command that runs beside the test. */
  start(command: Command, options?: CommandOptions): Running {
    return new Running(this.#options.program, this.#args(command), this.#env(options));
  }

  /** Starts a command on a terminal of its own. */
  startOnTerminal(command: Command, options?: CommandOptions): Running {
    const line = [this.#options.program, ...this.#args(command)].map((word) => `'${word}'`).join(' ');
    return new Running('script', ['-qec', line, '/dev/null'], this.#env(options));
  }

  /** Applies manifests; gives what kubectl says. */
  apply(manifests: string | object, ...flags: string[]): Promise<string> {
    return this.ok(['apply', '-f', '-', ...flags], { input: text(manifests) });
  }

  /**
   * Waits until a kind of users' own is served. Of a definition that was made a moment ago kubectl itself may not wait for a condition: it
   * takes what has none yet for broken.
   */
  established(definition: string): Promise<string> {
    return eventually(() => this.ok(`wait crd/${definition} --for=condition=Established --timeout=20s`));
  }

  /** A file with the manifests. */
  file(manifests: string | object, name = 'manifests.yaml'): string {
    const path = join(mkdtempSync(join(this.#options.home, 'files-')), name);
    writeFileSync(path, text(manifests));
    return path;
  }
}

const text = (manifests: string | object) =>
  typeof manifests === 'string' ? manifests : JSON.stringify(manifests);
