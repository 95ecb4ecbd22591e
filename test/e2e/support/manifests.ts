/** Manifests that several tests start from. */

/** A Deployment as users write them. */
export const deployment = (name: string, { replicas = 2, image = 'registry.test/web:1' } = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { app: name } },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'web', image, ports: [{ containerPort: 80, name: 'http' }] }] },
    },
  },
});

export const configMap = (
  name: string,
  data: Record<string, string> = {},
  labels?: Record<string, string>,
) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...(labels ? { labels } : {}) },
  data,
});

export const pod = (name: string, more: { labels?: Record<string, string>; spec?: object } = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...(more.labels ? { labels: more.labels } : {}) },
  spec: { containers: [{ name: 'main', image: 'registry.test/main:1' }], ...more.spec },
});

export const list = (...items: object[]) => ({ apiVersion: 'v1', kind: 'List', items });

/** A request for a certificate of `jane` in the group `dev`, made with openssl. */
export const certificateRequest =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIWE1IOENBUUF3SFRFTU1Bb0dBMVVFQ2d3RFpHVjJNUTB3Q3dZRFZRUUREQVJxWVc1bE1Ga3dFd1lIS29aSQp6ajBDQVFZSUtvWkl6ajBEQVFjRFFnQUVlclM0dytIQkhMWWxpV0VTcUU5L2dKaXBTZnlFcDFUWml0N3d5SlppCmwrK0tZYnhCcEYvQmlYNjhCOE9ycnlCME5IRlJKSE5mY0hWTlUxMSsyK1h0R2FBQU1Bb0dDQ3FHU000OUJBTUMKQTBnQU1FVUNJUUNoZEZVYTJobFhsZ2Zpek5kMEkxSzhidGVPdVc3anpLblQ3cXh2YnkxS1BBSWdMZlVOQXNWRwpvcFJCaDRlcmwydElTNFVXL3FFRzBGWE9ONktHNHdyKzg2WT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==';
