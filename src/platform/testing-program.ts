import { build, type BuildOptions } from 'esbuild';

interface ProgramOptions extends Pick<BuildOptions, 'external' | 'mainFields'> {
  /** It has packages in it that call `require`. */
  requires?: boolean;
}

const banner = {
  js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
};

/** Makes a program of one file out of a source of ours, for tests that start a process of their own. */
export async function bundleProgram(
  source: string,
  program: string,
  { requires = false, ...more }: ProgramOptions = {},
): Promise<void> {
  const fixed = { bundle: true, platform: 'node', format: 'esm', logLevel: 'error' } as const;
  await build({ entryPoints: [source], outfile: program, ...fixed, ...more, ...(requires && { banner }) });
}
