import { defaultBounds } from '../../platform/metrics/histogram.ts';
import type { Meter } from '../../platform/metrics/meter.ts';

/** Stands for all drivers together. */
export const anyDriver = '<any>';

/** Time that it takes to make all claims of a pod ready, or to take that back. */
export const operationsDuration = (meter: Meter) =>
  meter.histogram({
    name: 'dra_operations_duration_seconds',
    help: 'Seconds that it takes to prepare or unprepare all claims of a pod, by operation and success.',
    stability: 'ALPHA',
    labels: ['operation_name', 'is_error'],
    bounds: defaultBounds,
  });

/** Time that drivers take for a call. */
export const callsDuration = (meter: Meter) =>
  meter.histogram({
    name: 'dra_grpc_operations_duration_seconds',
    help: 'Seconds that calls of drivers take, by driver, method and gRPC code.',
    stability: 'ALPHA',
    labels: ['driver_name', 'method_name', 'grpc_status_code'],
    bounds: defaultBounds,
  });

/** How many claims are ready on the node, by driver. A claim with devices of two drivers counts for both. */
export const claimsInUse = (meter: Meter, read: () => ReadonlyMap<string, number>) =>
  meter.readings(
    {
      name: 'dra_resource_claims_in_use',
      help: 'Claims that are in use on the node, by driver, and of all drivers.',
      stability: 'ALPHA',
      labels: ['driver_name'],
    },
    () => [...read()].map(([driver, count]) => [[driver], count] as const),
  );
