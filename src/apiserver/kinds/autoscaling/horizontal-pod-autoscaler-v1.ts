import type { HorizontalPodAutoscaler as V1 } from '../../../api/autoscaling/v1.ts';
import {
  horizontalpodautoscalers,
  horizontalpodautoscalersAutoscalingV1,
} from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { horizontalPodAutoscalerKind } from './horizontal-pod-autoscaler.ts';
import { fromV2, toV2 } from './v1-conversion.ts';

/** The older form, which knows cpu alone; the rest travels in annotations. */
export const horizontalPodAutoscalerV1Kind: Kind<V1> = {
  resource: horizontalpodautoscalersAutoscalingV1,
  storedAs: { resource: horizontalpodautoscalers, toStored: toV2, fromStored: fromV2 },
  columns: horizontalPodAutoscalerKind.columns as Kind['columns'],
};
