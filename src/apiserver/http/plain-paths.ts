// The paths that are no resources: health, version, OpenAPI.
import type { IncomingMessage } from 'node:http';
import { openApiJson, openApiProtobuf, openApiProtobufType } from '../openapi.ts';
import { versionDocument } from '../version.ts';
import { type Response, sendJson, sendText } from './answer.ts';

/** Answers the request if it is for one of these paths. */
export function sendPlainPath(path: string, request: IncomingMessage, response: Response): boolean {
  switch (path) {
    case '/healthz':
    case '/livez':
    case '/readyz':
      // The port is open only once everything behind it is ready.
      sendText(response, 200, 'ok');
      return true;
    case '/version':
    case '/version/':
      sendJson(response, 200, JSON.stringify(versionDocument));
      return true;
    case '/openapi/v2':
      sendOpenApi(request, response);
      return true;
    default:
      return false;
  }
}

function sendOpenApi(request: IncomingMessage, response: Response): void {
  if (request.headers.accept?.includes('protobuf')) {
    response.writeHead(200, { 'content-type': openApiProtobufType });
    response.end(openApiProtobuf());
  } else sendJson(response, 200, openApiJson());
}
