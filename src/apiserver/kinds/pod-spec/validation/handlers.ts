import type {
  HTTPGetAction,
  Lifecycle,
  LifecycleHandler,
  Probe,
  ProbeHandler,
} from '../../../../api/core/v1.ts';
import {
  allErrors,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  required,
} from '../../../../machinery/field-error.ts';
import { httpHeaderNameErrors } from '../../../../machinery/names.ts';
import { nonNegative, requireValue, supported } from '../../shared/validate.ts';
import { portNumber, portNumberOrName } from './ports.ts';

type Handler = ProbeHandler & LifecycleHandler;

/** Exactly one way of doing it. */
function handler(
  field: string,
  action: Handler,
  gracePeriodSeconds: number | undefined,
): readonly FieldError[] {
  const { exec, httpGet, tcpSocket, grpc, sleep } = action;
  const given: [string, readonly FieldError[]][] = [];
  if (exec) given.push(['exec', exec.command?.length ? noErrors : [required(`${field}.exec.command`)]]);
  if (httpGet) given.push(['httpGet', httpRequest(`${field}.httpGet`, httpGet)]);
  if (tcpSocket) given.push(['tcpSocket', portNumberOrName(`${field}.tcpSocket.port`, tcpSocket.port)]);
  if (grpc) given.push(['grpc', portNumber(`${field}.grpc.port`, grpc.port ?? 0)]);
  if (sleep) given.push(['sleep', pause(`${field}.sleep`, sleep.seconds ?? 0, gracePeriodSeconds)]);
  const [first, ...rest] = given;
  if (!first) return [required(field, 'must specify a handler type')];
  const more = rest.map(([name]) =>
    forbiddenField(`${field}.${name}`, 'may not specify more than 1 handler type'),
  );
  return allErrors(first[1], more);
}

function httpRequest(field: string, action: HTTPGetAction): readonly FieldError[] {
  return allErrors(
    requireValue(`${field}.path`, action.path),
    portNumberOrName(`${field}.port`, action.port),
    supported(`${field}.scheme`, action.scheme, ['HTTP', 'HTTPS']),
    (action.httpHeaders ?? []).flatMap(({ name }) =>
      invalids(`${field}.httpHeaders`, name, httpHeaderNameErrors(name)),
    ),
  );
}

function pause(
  field: string,
  seconds: number,
  gracePeriodSeconds: number | undefined,
): readonly FieldError[] {
  if (gracePeriodSeconds === undefined || (seconds >= 0 && seconds <= gracePeriodSeconds)) return noErrors;
  const limit = `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriodSeconds})`;
  return [invalid(field, seconds, limit)];
}

/** What runs after the start and before the end of a container. */
export function lifecycle(
  field: string,
  hooks: Lifecycle,
  gracePeriodSeconds: number | undefined,
): readonly FieldError[] {
  const { postStart, preStop } = hooks;
  return allErrors(
    postStart ? handler(`${field}.postStart`, postStart, gracePeriodSeconds) : noErrors,
    preStop ? handler(`${field}.preStop`, preStop, gracePeriodSeconds) : noErrors,
  );
}

interface Probes {
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  startupProbe?: Probe;
}

/** The probes of a container. */
export function probes(
  field: string,
  container: Probes,
  gracePeriodSeconds: number | undefined,
): readonly FieldError[] {
  const { livenessProbe, readinessProbe, startupProbe } = container;
  const onceIsEnough = (path: string, probe: Probe) =>
    probe.successThreshold === 1
      ? noErrors
      : [invalid(`${path}.successThreshold`, probe.successThreshold, 'must be 1')];
  const check = (
    name: string,
    probe: Probe | undefined,
    more: (path: string, probe: Probe) => readonly FieldError[],
  ) => {
    const path = `${field}.${name}`;
    return probe ? allErrors(probeErrors(path, probe, gracePeriodSeconds), more(path, probe)) : noErrors;
  };
  return allErrors(
    check('livenessProbe', livenessProbe, onceIsEnough),
    check('readinessProbe', readinessProbe, noGracePeriod),
    check('startupProbe', startupProbe, onceIsEnough),
  );
}

function noGracePeriod(
  field: string,
  { terminationGracePeriodSeconds: seconds }: Probe,
): readonly FieldError[] {
  if (seconds === undefined) return noErrors;
  return [invalid(`${field}.terminationGracePeriodSeconds`, seconds, 'must not be set for readinessProbes')];
}

function probeErrors(
  field: string,
  probe: Probe,
  gracePeriodSeconds: number | undefined,
): readonly FieldError[] {
  const errors = [
    ...handler(field, probe, gracePeriodSeconds),
    ...nonNegative(`${field}.initialDelaySeconds`, probe.initialDelaySeconds),
    ...nonNegative(`${field}.timeoutSeconds`, probe.timeoutSeconds),
    ...nonNegative(`${field}.periodSeconds`, probe.periodSeconds),
    ...nonNegative(`${field}.successThreshold`, probe.successThreshold),
    ...nonNegative(`${field}.failureThreshold`, probe.failureThreshold),
  ];
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    errors.push(invalid(`${field}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  }
  return errors;
}
