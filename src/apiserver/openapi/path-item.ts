// A path with its operations, as each version of OpenAPI writes it.
import { type Answer, type Method, type Operation, type Path, text } from './operation.ts';
import type { Parameter } from './parameters.ts';
import { type JsonObject, refTo, type Version } from './schema-object.ts';

export function pathItem(path: Path, version: Version): JsonObject {
  const operationOf = version === 'v2' ? operationV2 : operationV3;
  const parameterOf = version === 'v2' ? parameterV2 : parameterV3;
  const operations = Object.entries(path.operations).map(([method, each]) => [method, operationOf(each)]);
  return {
    ...Object.fromEntries(operations),
    ...(path.parameters.length > 0 && { parameters: path.parameters.map(parameterOf) }),
  };
}

function operationV2(operation: Operation): JsonObject {
  const { id, description, tag, body, consumes, produces } = operation;
  const parameters: JsonObject[] = operation.parameters.map(parameterV2);
  if (body) {
    const { definition, required } = body;
    parameters.unshift({ in: 'body', name: 'body', ...(required && { required }), schema: refTo(definition, 'v2') });
  }
  return {
    consumes,
    description,
    operationId: id,
    ...(parameters.length > 0 && { parameters }),
    produces,
    responses: answersOf(operation, (answer) => schemaOf(answer, 'v2')),
    schemes: ['https'],
    tags: [tag],
    ...subjectOf(operation),
  };
}

function operationV3(operation: Operation): JsonObject {
  const { id, description, tag, body, parameters } = operation;
  const contentOf = (types: readonly string[], holds: object) => ({
    content: Object.fromEntries(types.map((type) => [type, holds])),
  });
  const request = body && {
    ...contentOf(operation.consumes, { schema: refTo(body.definition, 'v3') }),
    ...(body.required && { required: true }),
  };
  return {
    description,
    operationId: id,
    ...(parameters.length > 0 && { parameters: parameters.map(parameterV3) }),
    ...(request && { requestBody: request }),
    responses: answersOf(operation, (answer) =>
      answer.holds ? contentOf(operation.produces, schemaOf(answer, 'v3')) : undefined,
    ),
    tags: [tag],
    ...subjectOf(operation),
  };
}

const meanings: Record<Answer['code'], string> = { 200: 'OK', 201: 'Created', 202: 'Accepted', 401: 'Unauthorized' };

function answersOf({ answers }: Operation, contentOf: (answer: Answer) => JsonObject | undefined): JsonObject {
  return Object.fromEntries(
    answers.map((answer) => [answer.code, { description: meanings[answer.code], ...contentOf(answer) }]),
  );
}

function schemaOf({ holds }: Answer, version: Version): JsonObject {
  if (holds === undefined) return {};
  return { schema: holds === text ? { type: 'string' } : refTo(holds, version) };
}

/** What clients find an operation by. */
function subjectOf({ action, kind }: Operation): JsonObject {
  return {
    ...(action && { 'x-kubernetes-action': action }),
    ...(kind && { 'x-kubernetes-group-version-kind': kind }),
  };
}

function parameterV2({ name, in: place, type, description }: Parameter): JsonObject {
  return { description, in: place, name, ...(place === 'path' && { required: true }), type, uniqueItems: true };
}

function parameterV3({ name, in: place, type, description }: Parameter): JsonObject {
  const schema = { type, uniqueItems: true };
  return { description, in: place, name, ...(place === 'path' && { required: true }), schema };
}

/** The definitions that the operations of a path refer to. */
export function* usedBy({ operations }: Path): Iterable<string> {
  for (const { body, answers } of Object.values(operations) as NonNullable<Path['operations'][Method]>[]) {
    if (body) yield body.definition;
    for (const { holds } of answers) if (typeof holds === 'string') yield holds;
  }
}
