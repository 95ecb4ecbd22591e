import { timeout } from '../../machinery/status-error.ts';
import type { AdmissionAttributes } from './admission.ts';

/** To be called between the steps of long work. Throws a Timeout where nobody waits for the answer any more. */
export function whileAwaited({ signal }: Pick<AdmissionAttributes, 'signal'>): void {
  if (signal.aborted) throw timeout('request did not complete within requested timeout', 0);
}
