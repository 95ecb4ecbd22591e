import type { ConfigMap } from '../../../api/core/v1.ts';
import { configmaps } from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, integer, nameColumn } from '../shared/columns.ts';

const size = (map: Record<string, string> | undefined) => Object.keys(map ?? {}).length;

export const configMapKind: Kind<ConfigMap> = {
  resource: configmaps,
  columns: [
    nameColumn,
    {
      ...integer<ConfigMap>('Data', 'Number of keys.', (c) => size(c.data) + size(c.binaryData)),
      type: 'string',
    },
    ageColumn,
  ],
};
