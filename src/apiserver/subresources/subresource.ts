// A subresource that needs code of its own: it answers as the verbs do. Status needs none.

import type { RestRequest } from '../rest/request.ts';
import type { Rest, RestAnswer } from '../rest/rest.ts';

export type SubresourceHandler = (request: RestRequest, rest: Rest) => Promise<RestAnswer>;
