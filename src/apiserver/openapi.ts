// The OpenAPI document, in the two forms in which clients ask for it. It names the API and its version; the schemas of the
// kinds come with the generated schema, and a client that finds none for a kind leaves the checking to the server.
import { kubernetesVersion } from '../api/version.ts';

const info = { title: 'Kubernetes', version: kubernetesVersion };

export function openApiJson(): string {
  return JSON.stringify({ swagger: '2.0', info, paths: {}, definitions: {} });
}

/** Clients ask for `...v2@v1.0+protobuf`, which is no valid media type: the answer is named so that they can read it. */
export const openApiProtobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** The same as gnostic's protobuf `Document`: swagger = 1, info = 2 (title = 1, version = 2), paths = 8. */
export function openApiProtobuf(): Buffer {
  const field = (number: number, content: Buffer | string) => {
    const bytes = Buffer.from(content);
    return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  };
  return Buffer.concat([
    field(1, '2.0'),
    field(2, Buffer.concat([field(1, info.title), field(2, info.version)])),
    field(8, ''),
  ]);
}
