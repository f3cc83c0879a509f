// Starts the public commercetools mock on loopback and tells a door of every write, as a
// subscription would. Usage: node server.mjs --notify URL [--header "name: value"] [--port N]
// Prints one line of JSON once it serves: {"url": "...", "projectKey": "..."}.
import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { CommercetoolsMock, InMemoryStorage } from "@labdigital/commercetools-mock";

const { values: options } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    project: { type: "string", default: "ct-test" },
    notify: { type: "string" },
    header: { type: "string", multiple: true, default: [] },
  },
});

const TYPES = new Map(
  Object.entries({
    categories: "category",
    customers: "customer",
    orders: "order",
    payments: "payment",
    products: "product",
    "product-types": "product-type",
    "standalone-prices": "standalone-price",
    "tax-categories": "tax-category",
  }),
);
const CREATED = { order: "OrderCreated", customer: "CustomerCreated", category: "CategoryCreated", payment: "PaymentCreated" };
const ACTIONS = {
  "product/publish": "ProductPublished",
  "product/unpublish": "ProductUnpublished",
  "order/changeOrderState": "OrderStateChanged",
  "order/changePaymentState": "OrderPaymentStateChanged",
};

// The package's storage can sort, but its query routes do not pass `sort` on to it.
const perRequest = new AsyncLocalStorage();
class SortingStorage extends InMemoryStorage {
  async query(projectKey, typeId, params) {
    return super.query(projectKey, typeId, { sort: perRequest.getStore(), ...params });
  }
}

const mock = new CommercetoolsMock({
  storage: new SortingStorage(),
  defaultProjectKey: options.project,
  enableAuthentication: true,
  validateCredentials: true,
  silent: true,
});
// Update actions of a Subscription that the platform has and this mock (4.4.0) lacks.
const subscriptions = mock.project(options.project).getRepository("subscription");
Object.assign(subscriptions.actions, {
  setMessages: (_, resource, { messages }) => { resource.messages = messages ?? []; },
  setChanges: (_, resource, { changes }) => { resource.changes = changes ?? []; },
  setEvents: (_, resource, { events }) => { resource.events = events ?? []; },
  changeDestination: (_, resource, { destination }) => { resource.destination = destination; },
});
const sequences = new Map();
let faults = [];
let queue = Promise.resolve();

function tell(body) {
  if (!options.notify) return;
  const headers = { "content-type": "application/json" };
  for (const line of options.header) {
    const [name, ...rest] = line.split(":");
    headers[name.trim()] = rest.join(":").trim();
  }
  queue = queue.then(async () => {
    for (let tries = 0; tries < 50; tries += 1) {
      const answer = await fetch(options.notify, { method: "POST", headers, body: JSON.stringify(body) }).catch(() => null);
      if (answer?.ok) return;
      await new Promise((resume) => setTimeout(resume, 200));
    }
    console.error("gave up on a notification");
  });
}

function common(typeId, resource) {
  const named = {};
  for (const field of ["key", "orderNumber", "customerNumber"]) if (resource[field]) named[field] = resource[field];
  return { projectKey: options.project, resource: { typeId, id: resource.id }, resourceUserProvidedIdentifiers: named };
}

function message(type, typeId, resource) {
  const sequenceNumber = (sequences.get(resource.id) ?? 0) + 1;
  sequences.set(resource.id, sequenceNumber);
  tell({
    notificationType: "Message", id: randomUUID(), version: 1, sequenceNumber, type,
    ...common(typeId, resource), resourceVersion: resource.version,
    createdAt: resource.lastModifiedAt, lastModifiedAt: resource.lastModifiedAt,
    payloadNotIncluded: undefined,
  });
}

function change(kind, typeId, resource, oldVersion) {
  tell({
    notificationType: kind, ...common(typeId, resource), version: resource.version,
    ...(oldVersion ? { oldVersion } : {}), modifiedAt: resource.lastModifiedAt ?? new Date().toISOString(),
  });
}

// Someone else writes first: the request then meets another version than it read.
async function overtake(request, actions) {
  const [url] = request.url.split("?");
  const headers = { authorization: request.headers.authorization };
  const { version } = (await mock.app.inject({ method: "GET", url, headers })).json();
  await mock.app.inject({ method: "POST", url, headers, payload: { version, actions } });
}

mock.app.addHook("onRequest", (request, reply, done) => {
  const sort = new URL(request.url, "http://mock").searchParams.getAll("sort");
  perRequest.run(sort.length ? sort : undefined, done);
});

mock.app.addHook("onRequest", async (request, reply) => {
  const fault = faults.find((each) => each.count > 0 && request.url.includes(each.path ?? "/"));
  if (!fault || request.url.startsWith("/__mock")) return undefined;
  if (fault.race && request.method !== "POST") return undefined;
  fault.count -= 1;
  if (fault.race) return overtake(request, fault.race);
  if (fault.retryAfter !== undefined) reply.header("retry-after", String(fault.retryAfter));
  const error = { code: "General", message: `injected ${fault.status}` };
  return reply.status(fault.status).send({ statusCode: fault.status, message: error.message, errors: [error] });
});

mock.app.addHook("preSerialization", async (request, reply, payload) => {
  const collection = request.url.split("?")[0].split("/")[2];
  const typeId = TYPES.get(collection);
  const resource = payload?.customer?.id ? payload.customer : payload;
  if (!typeId || reply.statusCode >= 300 || request.method === "GET" || !resource?.version) return payload;
  if (request.method === "DELETE") change("ResourceDeleted", typeId, resource);
  else if (request.body?.actions) {
    for (const { action } of request.body.actions) {
      const type = ACTIONS[`${typeId}/${action}`];
      if (type) message(type, typeId, resource);
    }
    change("ResourceUpdated", typeId, resource, request.body.version);
  } else {
    if (CREATED[typeId]) message(CREATED[typeId], typeId, resource);
    change("ResourceCreated", typeId, resource);
  }
  return payload;
});

mock.app.post("/__mock/faults", async (request) => {
  faults = [...faults, { count: 1, ...request.body }];
  return faults;
});
mock.app.post("/__mock/subscriptions/:key", async (request) => {
  const [found] = (await subscriptions.query({ projectKey: options.project })).results
    .filter((each) => each.key === request.params.key);
  await mock.project(options.project).unsafeAdd("subscription", { ...found, ...request.body });
  return found;
});
mock.app.post("/__mock/drained", async () => {
  await queue;
  return { drained: true };
});

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, async () => {
    await mock.app.close();
    process.exit(0);
  });
}
await mock.app.listen({ port: Number(options.port), host: "127.0.0.1" });
const { port } = mock.app.server.address();
console.log(JSON.stringify({ url: `http://127.0.0.1:${port}`, projectKey: options.project }));
