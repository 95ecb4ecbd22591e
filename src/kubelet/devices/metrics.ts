import { defaultBounds } from '../../platform/metrics/histogram.ts';
import type { Meter } from '../../platform/metrics/meter.ts';

/** How often plugins have called the kubelet to make themselves known, whatever became of it. */
export const registrations = (meter: Meter) =>
  meter.counter({
    name: 'kubelet_device_plugin_registration_total',
    help: 'Registrations of device plugins, by resource.',
    stability: 'ALPHA',
    labels: ['resource_name'],
  });

/** Time that plugins take to make devices ready for a container. */
export const allocationDuration = (meter: Meter) =>
  meter.histogram({
    name: 'kubelet_device_plugin_alloc_duration_seconds',
    help: 'Seconds that it takes a device plugin to allocate devices, by resource.',
    stability: 'ALPHA',
    labels: ['resource_name'],
    bounds: defaultBounds,
  });
