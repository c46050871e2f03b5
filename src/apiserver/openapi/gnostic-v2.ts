// The messages of gnostic's openapi.v2, as far as the document uses them.
import { any, double, either, entries, flag, integer, list, type Message, message, text, within } from './gnostic.ts';
import type { JsonObject } from './schema-object.ts';

const schema: Message = {
  fields: {
    $ref: [1, text],
    format: [2, text],
    title: [3, text],
    description: [4, text],
    default: [5, any],
    multipleOf: [6, double],
    maximum: [7, double],
    exclusiveMaximum: [8, flag],
    minimum: [9, double],
    exclusiveMinimum: [10, flag],
    maxLength: [11, integer],
    minLength: [12, integer],
    pattern: [13, text],
    maxItems: [14, integer],
    minItems: [15, integer],
    uniqueItems: [16, flag],
    maxProperties: [17, integer],
    minProperties: [18, integer],
    required: [19, list(text)],
    enum: [20, list(any)],
    additionalProperties: [
      21,
      either((value) => (typeof value === 'boolean' ? [2, flag] : [1, message(() => schema)])),
    ],
    type: [22, within(1, text)],
    items: [23, within(1, (writer, field, value) => message(() => schema)(writer, field, value))],
    allOf: [24, (writer, field, value) => list(message(() => schema))(writer, field, value)],
    properties: [25, within(1, (writer, field, value) => entries(message(() => schema))(writer, field, value))],
    readOnly: [27, flag],
    example: [30, any],
  },
  extensions: 31,
};

const bodyParameter: Message = {
  fields: {
    description: [1, text],
    name: [2, text],
    in: [3, text],
    required: [4, flag],
    schema: [5, message(() => schema)],
  },
};

const pathParameter: Message = {
  fields: {
    required: [1, flag],
    in: [2, text],
    description: [3, text],
    name: [4, text],
    type: [5, text],
    uniqueItems: [19, flag],
  },
};

const queryParameter: Message = {
  fields: {
    required: [1, flag],
    in: [2, text],
    description: [3, text],
    name: [4, text],
    type: [6, text],
    uniqueItems: [20, flag],
  },
};

const otherParameter = either((value) =>
  (value as JsonObject).in === 'path' ? [4, message(() => pathParameter)] : [3, message(() => queryParameter)],
);

const parameter = either((value) =>
  (value as JsonObject).in === 'body' ? [1, message(() => bodyParameter)] : [2, otherParameter],
);

const parameters = list(within(1, parameter));

const response: Message = {
  fields: {
    description: [1, text],
    schema: [
      2,
      within(
        1,
        message(() => schema),
      ),
    ],
  },
};

const operation: Message = {
  fields: {
    tags: [1, list(text)],
    description: [3, text],
    operationId: [5, text],
    produces: [6, list(text)],
    consumes: [7, list(text)],
    parameters: [8, parameters],
    responses: [
      9,
      within(
        1,
        entries(
          within(
            1,
            message(() => response),
          ),
        ),
      ),
    ],
    schemes: [10, list(text)],
  },
  extensions: 13,
};

const method = message(() => operation);

const pathItem: Message = {
  fields: {
    get: [2, method],
    put: [3, method],
    post: [4, method],
    delete: [5, method],
    options: [6, method],
    head: [7, method],
    patch: [8, method],
    parameters: [9, parameters],
  },
};

const apiKey: Message = { fields: { type: [1, text], name: [2, text], in: [3, text], description: [4, text] } };

/** The document but for what each has many of. */
const documentHead: Message = {
  fields: {
    swagger: [1, text],
    info: [2, message(() => ({ fields: { title: [1, text], version: [2, text] } }))],
    security: [12, list(within(1, entries(within(1, list(text)))))],
    securityDefinitions: [
      13,
      within(
        1,
        entries(
          within(
            2,
            message(() => apiKey),
          ),
        ),
      ),
    ],
  },
};

export const gnosticV2 = {
  documentHead,
  /** A path in the paths of the document, a definition in its definitions. */
  path: { field: 2, codec: message(() => pathItem) },
  definition: { field: 1, codec: message(() => schema) },
  paths: 8,
  definitions: 9,
};
