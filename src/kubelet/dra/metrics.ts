import type { Meter } from '../../platform/metrics/meter.ts';

/** The default bounds of Go's library for Prometheus, in seconds. */
export const defaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

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
