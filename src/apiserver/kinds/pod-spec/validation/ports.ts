import type { Container, ContainerPort } from '../../../../api/core/v1.ts';
import type { IntOrString } from '../../../../api/meta/v1.ts';
import {
  allErrors,
  duplicate,
  type FieldError,
  invalids,
  noErrors,
  required,
} from '../../../../machinery/field-error.ts';
import { portNameErrors, portNumberErrors } from '../../../../machinery/names.ts';
import { each, repeats, requireSupported } from '../../shared/validate.ts';

export const protocols = ['SCTP', 'TCP', 'UDP'];

/** A port by number or by name. */
export function portNumberOrName(field: string, port: IntOrString | undefined): readonly FieldError[] {
  if (typeof port === 'string') return invalids(field, port, portNameErrors(port));
  return portNumber(field, port ?? 0);
}

export function portNumber(field: string, port: number): readonly FieldError[] {
  return invalids(field, port, portNumberErrors(port));
}

/** The ports of one container. */
export function containerPorts(
  field: string,
  ports: readonly ContainerPort[] | undefined,
): readonly FieldError[] {
  const repeated = repeats();
  return each(field, ports, (port, path) =>
    allErrors(
      portName(`${path}.name`, port.name, repeated),
      port.containerPort
        ? portNumber(`${path}.containerPort`, port.containerPort)
        : [required(`${path}.containerPort`)],
      port.hostPort ? portNumber(`${path}.hostPort`, port.hostPort) : noErrors,
      requireSupported(`${path}.protocol`, port.protocol, protocols),
    ),
  );
}

function portName(
  field: string,
  name: string | undefined,
  repeated: (name: string) => boolean,
): readonly FieldError[] {
  if (!name) return noErrors;
  const errors = portNameErrors(name);
  if (errors.length > 0) return invalids(field, name, errors);
  return repeated(name) ? [duplicate(field, name)] : noErrors;
}

/** Containers that run side by side cannot have the same port of the node. */
export function hostPortConflicts(field: string, containers: readonly Container[]): readonly FieldError[] {
  const repeated = repeats();
  return each(field, containers, (container, path) =>
    each(`${path}.ports`, container.ports, (port, portPath) => {
      if (!port.hostPort) return noErrors;
      const key = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort}`;
      return repeated(key) ? [duplicate(`${portPath}.hostPort`, key)] : noErrors;
    }),
  );
}
