import type { Metric } from '../../../platform/metrics/metric.ts';
import { LabelledCounter } from '../../plain/labelled.ts';
import type { AdmissionAttributes } from '../admission.ts';
import { newestMinor, type Mode, type Standard } from './levels.ts';

type About = Pick<AdmissionAttributes, 'operation' | 'subresource'> & { isPod: boolean };

const labelsOf = ({ operation, subresource, isPod }: About) => ({
  request_operation: operation.toLowerCase(),
  resource: isPod ? 'pod' : 'controller',
  subresource,
});

/** What nobody is held to has no versions, and what is yet to come is one: the labels of a namespace make no series of their own. */
function versionText({ level, minor }: Standard): string {
  if (level === 'privileged' || minor === undefined) return 'latest';
  return minor > newestMinor ? 'future' : `v1.${minor}`;
}

/** How pods and what makes them have been judged, under upstream's names. */
export class PodSecurityCounts {
  readonly #evaluations = new LabelledCounter();
  readonly #exemptions = new LabelledCounter();
  readonly #errors = new LabelledCounter();

  noteEvaluation(
    about: About,
    mode: Mode,
    { standard, isAllowed }: { standard: Standard; isAllowed: boolean },
  ): void {
    this.#evaluations.add({
      decision: isAllowed ? 'allow' : 'deny',
      policy_level: standard.level,
      policy_version: versionText(standard),
      mode,
      ...labelsOf(about),
    });
  }

  noteExemption(about: About): void {
    this.#exemptions.add(labelsOf(about));
  }

  /** Labels could not be read, and something else is gone by. */
  noteError(about: About): void {
    this.#errors.add({ fatal: 'false', ...labelsOf(about) });
  }

  get metrics(): Metric[] {
    return [
      this.#evaluations.metric(
        'pod_security_evaluations_total',
        'Pods and what makes them, by the standard they were held to and what came of it.',
      ),
      this.#exemptions.metric(
        'pod_security_exemptions_total',
        'Requests that were exempt from pod security.',
      ),
      this.#errors.metric(
        'pod_security_errors_total',
        'Requests where what a namespace asks of its pods could not be read.',
      ),
    ];
  }
}
