import { type Check, diagnose } from '../../cluster/doctor.ts';
import { systemFiles } from '../../platform/files.ts';
import { systemProcesses } from '../../platform/processes.ts';
import { answerColors as colors, print } from '../output.ts';

function render(check: Check): string {
  const mark = check.ok ? colors.green('ok  ') : colors.red('lack');
  const fix = check.fix && !check.ok ? `\n       fix: ${check.fix}` : '';
  return `${mark} ${check.what.padEnd(20)} ${check.detail}${fix}`;
}

/** Prints what this machine offers and lacks; exit code 1 where nodes cannot run. */
export async function doctor(): Promise<void> {
  const checks = await diagnose({ files: systemFiles, processes: systemProcesses });
  for (const check of checks) print(render(check));
  const lacking = checks.filter((check) => !check.ok && !check.optional);
  if (lacking.length === 0) return print('\nThis machine can run nodes with real containers.');
  print(
    '\nNodes with real containers cannot run here yet; `k8ts up --nodes 0` and `--runtime simulated` can.',
  );
  process.exitCode = 1;
}
