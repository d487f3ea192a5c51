// Drives every method of Backstage's own catalog client, as it comes from npm,
// against a portal that has read SITE/fixtures/root.yaml and may read SITE.
// Prints a line for each case, "ok" or "not ok", and at last which methods there
// are and which of them were called.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { CatalogClient, CATALOG_FILTER_EXISTS } = require('@backstage/catalog-client');
const { BASE, SITE, TOKEN } = process.env;

const catalog = `${BASE}/api/catalog`;
const asOwner = { token: TOKEN };
const client = new CatalogClient({ discoveryApi: { getBaseUrl: async () => catalog } });
const methods = Object.getOwnPropertyNames(CatalogClient.prototype).filter(name => name !== 'constructor');
const called = new Set();
for (const name of methods) {
  client[name] = (...args) => {
    called.add(name);
    return CatalogClient.prototype[name].apply(client, args);
  };
}

let failed = false;
async function check(name, body) {
  try {
    await body();
    console.log(`ok - ${name}`);
  } catch (e) {
    failed = true;
    console.log(`not ok - ${name}\n${String(e.stack).replace(/^/gm, '    ')}`);
  }
}

const refOf = e => `${e.kind}:${e.metadata.namespace}/${e.metadata.name}`.toLowerCase();
const refs = items => items.map(refOf);
const names = items => items.map(e => e.metadata.name);
const sorted = list => [...list].sort();

// rejects expects the error that the client makes of an answer.
async function rejects(promise, status, name, message) {
  await assert.rejects(promise, e => {
    assert.equal(e.name, 'ResponseError');
    assert.equal(e.statusCode, status);
    assert.equal(e.response.status, status);
    assert.equal(e.body.error.name, name);
    assert.equal(e.body.response.statusCode, status);
    assert.equal(e.cause.name, name);
    assert.match(e.body.error.message, message);
    return true;
  });
}

// until asks again after each change of the catalog.
async function until(path, done) {
  for (let position = 0; ; ) {
    const answer = await fetch(`${catalog}${path}`, { headers: { 'Callboard-Wait-Position': String(position) } });
    const body = await answer.text();
    if (done(answer.status, body)) {
      return;
    }
    assert.notEqual(answer.status, 503, `${path}: nothing came: ${body}`);
    position = Number(answer.headers.get('Callboard-Position')) + 1;
  }
}
const byName = ref => `/entities/by-name/${ref.replace(':', '/')}`;
const there = ref => until(byName(ref), status => status === 200);
const gone = ref => until(byName(ref), status => status === 404);

const components = [
  'component:default/dangling', 'component:default/exotic', 'component:default/mycomponent_v2.0', 'component:default/petstore-platform',
  'component:default/petstore-server', 'component:default/petstore-web', 'component:default/self-ref', 'component:other-ns/petstore-web',
  'component:other-ns/svc-x',
];

await there('component:default/exotic');

await check('getEntities: all', async () => {
  const { items } = await client.getEntities();
  assert.ok(items.length > 30);
  for (const e of items) {
    assert.match(e.metadata.uid, /^[0-9a-f-]{36}$/);
    assert.match(e.metadata.etag, /^[0-9a-f]{40}$/);
    assert.ok(Array.isArray(e.relations));
  }
});
await check('getEntities: one filter', async () => {
  const { items } = await client.getEntities({ filter: { kind: 'Component', 'spec.type': 'Service' } });
  assert.deepEqual(sorted(refs(items)), [
    'component:default/mycomponent_v2.0', 'component:default/petstore-platform', 'component:default/petstore-server', 'component:other-ns/svc-x']);
});
await check('getEntities: several filters, several values', async () => {
  const { items } = await client.getEntities({ filter: [{ kind: ['user', 'domain'] }, { kind: 'component', 'metadata.namespace': 'other-ns' }] });
  assert.deepEqual(sorted(refs(items)), ['component:other-ns/petstore-web', 'component:other-ns/svc-x', 'domain:default/audio', 'domain:default/playback',
    'user:default/jane.doe', 'user:default/johnsmith', 'user:default/loner', 'user:other-ns/bob']);
});
await check('getEntities: a field that exists', async () => {
  const { items } = await client.getEntities({ filter: { 'metadata.annotations.backstage.io/techdocs-ref': CATALOG_FILTER_EXISTS } });
  assert.deepEqual(refs(items), ['component:default/petstore-web']);
});
await check('getEntities: values that have to be encoded', async () => {
  const { items } = await client.getEntities({ filter: { 'metadata.tags': ['c++', 'c#', 'a:b'], 'metadata.annotations.github.com/project-slug': 'acme/petstore-web' } });
  assert.deepEqual(refs(items), ['component:default/petstore-web']);
  assert.deepEqual(items[0].metadata.links[1], { url: 'https://dash.example.com/d/petstore', title: 'Dashboard', icon: 'dashboard', type: 'admin-dashboard' });
});
await check('getEntities: fields', async () => {
  const { items } = await client.getEntities({ filter: { kind: 'domain' }, fields: ['metadata.name', 'kind', 'metadata.annotations.backstage.io/managed-by-location', 'no.such'] });
  assert.deepEqual(items.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)), ['audio', 'playback'].map(name => ({
    kind: 'Domain', metadata: { name, annotations: { 'backstage.io/managed-by-location': `url:${SITE}/fixtures/domains.yaml` } } })));
});
await check('getEntities: order', async () => {
  const down = await client.getEntities({ filter: { kind: 'user' }, order: { field: 'metadata.name', order: 'desc' } });
  assert.deepEqual(names(down.items), ['loner', 'JohnSmith', 'jane.doe', 'bob']);
  const two = await client.getEntities({ filter: { kind: 'component' }, order: [{ field: 'spec.type', order: 'asc' }, { field: 'metadata.name', order: 'asc' }], limit: 3 });
  assert.equal(two.items[0].spec.type, 'library');
});
await check('getEntities: offset, limit and after', async () => {
  const order = { field: 'metadata.name', order: 'asc' };
  const some = await client.getEntities({ filter: { kind: 'user' }, order, limit: 2, offset: 1 });
  assert.deepEqual(names(some.items), ['jane.doe', 'JohnSmith']);
  const link = (await fetch(`${catalog}/entities?filter=kind=user&order=asc:metadata.name&limit=2`)).headers.get('link');
  const after = new URL(link.match(/<([^>]+)>; rel="next"/)[1], BASE).searchParams.get('after');
  const rest = await client.getEntities({ filter: { kind: 'user' }, order, after });
  assert.deepEqual(names(rest.items), ['JohnSmith', 'loner']);
});
await check('getEntities: errors', async () => {
  await rejects(client.getEntities({ fields: ['metadata.tags[0]'] }), 400, 'InputError', /array type fields are not supported/);
  await rejects(client.getEntities({ limit: -1 }), 400, 'InputError', /limit must be >= 0/);
});

await check('getEntityByRef', async () => {
  const e = await client.getEntityByRef('Component:Default/MyComponent_v2.0');
  assert.equal(e.metadata.name, 'MyComponent_V2.0');
  assert.deepEqual(e.relations, [{ type: 'ownedBy', targetRef: 'group:default/team-a' }]);
  const compound = await client.getEntityByRef({ kind: 'api', namespace: 'other-ns', name: 'graph-api' });
  assert.equal(refOf(compound), 'api:other-ns/graph-api');
  assert.equal(await client.getEntityByRef('component:default/nobody'), undefined);
});
await check('getEntityByRef: JSON of every type', async () => {
  const { spec, metadata } = await client.getEntityByRef('component:default/exotic');
  assert.deepEqual(spec, {
    type: 'library', lifecycle: 'production', owner: 'team-b', customNumber: 3.14, customInt: 42, customBool: false, customNull: null,
    customList: [1, 'two', true, null], customNested: { Deep: { Er: 'Value' } }, date: '2024-01-02', octal: 755, yes: 'yes' });
  assert.equal(metadata.title, 'Пример ünïcode — 例');
  assert.equal(metadata.description, 'tab\there "quoted" <html> & more');
  assert.deepEqual(metadata.tags, []);
});
await check('getEntityByName', async () => {
  assert.equal((await client.getEntityByName({ kind: 'component', name: 'exotic' })).metadata.name, 'exotic');
  assert.equal(await client.getEntityByName({ kind: 'component', name: 'nobody' }), undefined);
});

await check('getEntitiesByRefs', async () => {
  const asked = ['component:default/exotic', 'component:default/nobody', 'user:other-ns/bob', 'component:default/exotic'];
  const { items } = await client.getEntitiesByRefs({ entityRefs: asked });
  assert.deepEqual(items.map(e => e && refOf(e)), ['component:default/exotic', undefined, 'user:other-ns/bob', 'component:default/exotic']);
  assert.deepEqual(await client.getEntitiesByRefs({ entityRefs: [] }), { items: [] });
});
await check('getEntitiesByRefs: fields, filter and query', async () => {
  const entityRefs = ['component:default/exotic', 'user:other-ns/bob', 'component:default/petstore-web'];
  const some = await client.getEntitiesByRefs({ entityRefs, fields: ['metadata.name'], filter: { kind: 'component' } });
  assert.deepEqual(some.items, [{ metadata: { name: 'exotic' } }, undefined, { metadata: { name: 'petstore-web' } }]);
  const asked = await client.getEntitiesByRefs({ entityRefs, fields: ['metadata.name'], query: { 'spec.type': 'website' } });
  assert.deepEqual(asked.items, [undefined, undefined, { metadata: { name: 'petstore-web' } }]);
  const both = await client.getEntitiesByRefs({ entityRefs, fields: ['metadata.name'], query: { kind: 'component' }, filter: { 'spec.type': ['library', 'none'] } });
  assert.deepEqual(both.items, [{ metadata: { name: 'exotic' } }, undefined, undefined]);
});
await check('getEntitiesByRefs: more than one request takes', async () => {
  const entityRefs = Array.from({ length: 1500 }, (_, i) => `component:default/${i % 2 ? 'exotic' : `nobody-${i}`}`);
  const { items } = await client.getEntitiesByRefs({ entityRefs, fields: ['metadata.name'] });
  assert.equal(items.length, 1500);
  assert.deepEqual(items.slice(-2), [undefined, { metadata: { name: 'exotic' } }]);
});

const byNameUp = { field: 'metadata.name', order: 'asc' };
await check('queryEntities: there and back', async () => {
  const first = await client.queryEntities({ filter: { kind: 'component' }, orderFields: byNameUp, limit: 4, fields: ['kind', 'metadata'] });
  assert.equal(first.totalItems, 9);
  assert.deepEqual(names(first.items), ['dangling', 'exotic', 'MyComponent_V2.0', 'petstore-platform']);
  assert.equal(first.items[0].spec, undefined);
  assert.equal(first.pageInfo.prevCursor, undefined);
  const second = await client.queryEntities({ cursor: first.pageInfo.nextCursor, limit: 4 });
  assert.deepEqual(names(second.items), ['petstore-server', 'petstore-web', 'petstore-web', 'self-ref']);
  const third = await client.queryEntities({ cursor: second.pageInfo.nextCursor, limit: 4, fields: ['metadata.name'] });
  assert.deepEqual(third.items, [{ metadata: { name: 'svc-x' } }]);
  assert.equal(third.totalItems, 9);
  assert.equal(third.pageInfo.nextCursor, undefined);
  const back = await client.queryEntities({ cursor: third.pageInfo.prevCursor, limit: 4 });
  assert.deepEqual(refs(back.items), refs(second.items));
  const start = await client.queryEntities({ cursor: back.pageInfo.prevCursor, limit: 4 });
  assert.deepEqual(refs(start.items), refs(first.items));
  assert.equal(start.pageInfo.prevCursor, undefined);
});
await check('queryEntities: no filter', async () => {
  const seen = new Set();
  let page = await client.queryEntities({ limit: 10 });
  const total = page.totalItems;
  assert.equal(total, (await client.getEntities()).items.length);
  for (;;) {
    refs(page.items).forEach(r => seen.add(r));
    if (!page.pageInfo.nextCursor) break;
    page = await client.queryEntities({ cursor: page.pageInfo.nextCursor, limit: 10 });
  }
  assert.equal(seen.size, total);
  assert.ok((await client.queryEntities()).items.length > 30);
});
await check('queryEntities: several filters, descending, offset', async () => {
  const { items, totalItems } = await client.queryEntities({
    filter: [{ kind: 'user' }, { kind: 'domain', 'spec.type': CATALOG_FILTER_EXISTS }], orderFields: [{ field: 'metadata.name', order: 'desc' }], offset: 1, limit: 3 });
  assert.equal(totalItems, 5);
  assert.deepEqual(names(items), ['loner', 'JohnSmith', 'jane.doe']);
});
await check('queryEntities: full text', async () => {
  const titled = await client.queryEntities({ filter: { kind: 'component' }, orderFields: byNameUp, fullTextFilter: { term: ' STORE ', fields: ['metadata.name', 'metadata.description'] } });
  assert.deepEqual(refs(titled.items).sort(), ['component:default/petstore-platform', 'component:default/petstore-server', 'component:default/petstore-web', 'component:other-ns/petstore-web']);
  const none = await client.queryEntities({ filter: { kind: 'component' }, fullTextFilter: { term: 'nothing like it', fields: ['metadata.name'] } });
  assert.deepEqual([none.items, none.totalItems], [[], 0]);
});
await check('queryEntities: entities without the field that is ordered by', async () => {
  const { items, totalItems } = await client.queryEntities({ filter: { kind: 'component' }, orderFields: { field: 'metadata.title', order: 'asc' } });
  assert.equal(totalItems, 3);
  assert.deepEqual(names(items), ['MyComponent_V2.0', 'petstore-web', 'exotic']);
});
await check('queryEntities: no count, and nothing but the count', async () => {
  const uncounted = await client.queryEntities({ filter: { kind: 'user' }, totalItems: 'exclude' });
  assert.equal(uncounted.totalItems, 0);
  assert.equal(uncounted.items.length, 4);
  const counted = await client.queryEntities({ filter: { kind: 'user' }, limit: 0 });
  assert.deepEqual([counted.items, counted.totalItems], [[], 4]);
});
await check('queryEntities: predicates', async () => {
  const ask = async query => sorted(refs((await client.queryEntities({ query, fields: ['kind', 'metadata.name', 'metadata.namespace'] })).items));
  assert.deepEqual(await ask({ kind: 'Component' }), components);
  assert.deepEqual(await ask({ kind: { $in: ['domain', 'SYSTEM'] } }), ['domain:default/audio', 'domain:default/playback', 'system:default/no-domain', 'system:default/petstore', 'system:other-ns/legacy-sys']);
  assert.deepEqual(await ask({ $all: [{ kind: 'component' }, { $not: { 'spec.owner': 'team-b' } }, { $any: [{ 'metadata.namespace': 'other-ns' }, { 'metadata.tags': 'java' }] }] }),
    ['component:default/mycomponent_v2.0', 'component:default/petstore-server', 'component:other-ns/petstore-web', 'component:other-ns/svc-x']);
  assert.deepEqual(await ask({ kind: 'component', 'metadata.title': { $exists: true } }), ['component:default/exotic', 'component:default/mycomponent_v2.0', 'component:default/petstore-web']);
  assert.deepEqual(await ask({ 'metadata.name': { $hasPrefix: 'PETSTORE-W' }, kind: 'component' }), ['component:default/petstore-web', 'component:other-ns/petstore-web']);
  assert.deepEqual(await ask({ 'metadata.tags': { $contains: 'web' } }), ['component:default/mycomponent_v2.0', 'component:default/petstore-web']);
  assert.deepEqual(await ask({ kind: 'component', relations: { $contains: { type: 'dependsOn', targetRef: 'resource:default/petstore-db' } } }),
    ['component:default/petstore-platform', 'component:default/petstore-server', 'component:default/petstore-web']);
});
await check('queryEntities: a predicate with a filter, page by page', async () => {
  const first = await client.queryEntities({ query: { kind: 'component' }, filter: [{ 'spec.type': ['website', 'library'] }], orderFields: byNameUp, limit: 3, fullTextFilter: { term: 'e', fields: ['metadata.name'] } });
  assert.deepEqual(names(first.items), ['exotic', 'petstore-web', 'petstore-web']);
  assert.equal(first.totalItems, 4);
  const second = await client.queryEntities({ cursor: first.pageInfo.nextCursor, limit: 3, fields: ['metadata.name'] });
  assert.deepEqual(second.items, [{ metadata: { name: 'self-ref' } }]);
  const back = await client.queryEntities({ cursor: second.pageInfo.prevCursor, limit: 3 });
  assert.deepEqual(refs(back.items), refs(first.items));
});
await check('queryEntities: errors', async () => {
  await rejects(client.queryEntities({ cursor: 'bm9uc2Vuc2U=' }), 400, 'InputError', /[Mm]alformed cursor|cursor/);
  await rejects(client.queryEntities({ query: { $nothing: 1 } }), 400, 'InputError', /./);
  await assert.rejects(client.queryEntities({ query: ['no object'] }), { name: 'InputError' });
});
await check('streamEntities', async () => {
  const pages = [];
  for await (const page of client.streamEntities({ filter: { kind: 'component' }, orderFields: byNameUp, pageSize: 4 })) {
    pages.push(page);
  }
  assert.deepEqual(pages.map(p => p.length), [4, 4, 1]);
  assert.deepEqual(sorted(refs(pages.flat())), components);
  const all = [];
  for await (const page of client.streamEntities({ query: { kind: 'user' }, pageSize: 3 })) {
    all.push(...page);
  }
  assert.equal(all.length, 4);
});

await check('getEntityFacets', async () => {
  const { facets } = await client.getEntityFacets({ facets: ['spec.type', 'metadata.tags', 'no.such'], filter: { kind: 'component' } });
  assert.deepEqual(facets, {
    'spec.type': [{ value: 'library', count: 3 }, { value: 'service', count: 3 }, { value: 'Service', count: 1 }, { value: 'website', count: 2 }].sort((a, b) => (a.value < b.value ? -1 : 1)),
    'metadata.tags': ['a:b', 'c#', 'c++', 'java', 'typescript', 'web'].map(value => ({ value, count: ['java', 'web'].includes(value) ? 2 : 1 })),
    'no.such': [] });
});
await check('getEntityFacets: a predicate, and one with a filter', async () => {
  const asked = await client.getEntityFacets({ facets: ['kind'], query: { kind: { $in: ['user', 'group'] } } });
  assert.deepEqual(asked.facets, { kind: [{ value: 'Group', count: 6 }, { value: 'User', count: 4 }] });
  const both = await client.getEntityFacets({ facets: ['kind'], query: { kind: { $in: ['user', 'group'] } }, filter: { 'metadata.namespace': 'other-ns' } });
  assert.deepEqual(both.facets, { kind: [{ value: 'Group', count: 1 }, { value: 'User', count: 1 }] });
  await rejects(client.getEntityFacets({ facets: [] }), 400, 'InputError', /facet/);
});

await check('getEntityAncestors', async () => {
  const { rootEntityRef, items } = await client.getEntityAncestors({ entityRef: 'component:default/exotic' });
  assert.equal(rootEntityRef, 'component:default/exotic');
  const parents = Object.fromEntries(items.map(i => [refOf(i.entity), i.parentEntityRefs]));
  const root = parents['location:default/golden-root'][0];
  assert.match(root, /^location:default\/generated-[0-9a-f]{40}$/);
  assert.deepEqual(parents, { 'component:default/exotic': ['location:default/golden-root'], 'location:default/golden-root': [root], [root]: [] });
  await rejects(client.getEntityAncestors({ entityRef: 'component:default/nobody' }), 404, 'NotFoundError', /component:default\/nobody/);
});
await check('refreshEntity', async () => {
  assert.equal(await client.refreshEntity('component:default/exotic', asOwner), undefined);
  await rejects(client.refreshEntity('component:default/nobody', asOwner), 404, 'NotFoundError', /Entity component:default\/nobody not found/);
});

const target = `${SITE}/remote-location.yaml`;
await check('addLocation: dry run', async () => {
  const { location, entities, exists } = await client.addLocation({ target, dryRun: true }, asOwner);
  assert.deepEqual([location.type, location.target, exists], ['url', target, false]);
  assert.deepEqual(sorted(refs(entities)), sorted(['component:default/remote-child', 'location:default/remote-location', location.entityRef]));
  await rejects(client.addLocation({ target: `${SITE}/no-such.yaml`, dryRun: true }, asOwner), 400, 'InputError', /NotFoundError: Unable to read url/);
  assert.deepEqual(await client.getLocations(), { items: [] });
});
let added;
await check('addLocation', async () => {
  const { location, entities } = await client.addLocation({ type: 'url', target }, asOwner);
  added = location;
  assert.deepEqual([location.type, location.target, entities], ['url', target, []]);
  await rejects(client.addLocation({ target }, asOwner), 409, 'ConflictError', /already exists/);
  assert.deepEqual((await client.addLocation({ target, onConflict: 'refresh' }, asOwner)).location, location);
  await rejects(client.addLocation({ type: 'file', target: '/etc/passwd' }, asOwner), 400, 'InputError', /allowed type/);
  await there('component:default/remote-child');
});
await check('getLocations', async () => {
  assert.deepEqual(await client.getLocations(), { items: [added] });
});
await check('queryLocations and streamLocations', async () => {
  const other = (await client.addLocation({ target: `${SITE}/remote-changing.yaml` }, asOwner)).location;
  const all = await client.queryLocations({ query: { type: 'url' } });
  assert.deepEqual([all.totalItems, sorted(all.items.map(l => l.target))], [2, [other.target, target]]);
  const found = await client.queryLocations({ query: { target: { $hasPrefix: `${SITE}/remote-l` } } });
  assert.deepEqual(found.items, [added]);
  const pages = [];
  for await (const page of client.streamLocations({ limit: 1 })) {
    pages.push(page);
  }
  assert.deepEqual(pages.map(p => p.length), [1, 1]);
  assert.deepEqual(sorted(pages.flat().map(l => l.id)), sorted([added.id, other.id]));
  await rejects(client.queryLocations({ limit: 0 }), 400, 'InputError', /Limit/);
  await there('component:default/changing');
  await client.removeLocationById(other.id, asOwner);
});
await check('getLocationById', async () => {
  assert.deepEqual(await client.getLocationById(added.id), added);
  assert.equal(await client.getLocationById('00000000-0000-4000-8000-000000000000'), undefined);
});
await check('getLocationByRef', async () => {
  assert.deepEqual(await client.getLocationByRef(`url:${target}`), added);
  assert.equal(await client.getLocationByRef(`url:${SITE}/fixtures/root.yaml`), undefined);
});
await check('getLocationByEntity', async () => {
  assert.deepEqual(await client.getLocationByEntity('component:default/remote-child'), added);
  assert.equal(await client.getLocationByEntity('component:default/exotic'), undefined);
  assert.equal(await client.getLocationByEntity('component:default/nobody'), undefined);
});
await check('removeEntityByUid', async () => {
  const before = (await client.getEntityByRef('component:default/remote-child')).metadata.uid;
  assert.equal(await client.removeEntityByUid(before, asOwner), undefined);
  await client.refreshEntity('location:default/remote-location', asOwner);
  await until(byName('component:default/remote-child'), (status, body) => status === 200 && JSON.parse(body).metadata.uid !== before);
  assert.equal(await client.removeEntityByUid('00000000-0000-4000-8000-000000000000', asOwner), undefined);
});
await check('updateLocation', async () => {
  const moved = await client.updateLocation(added.id, { target: `${SITE}/remote-changing.yaml` }, asOwner);
  assert.deepEqual(moved, { ...added, target: `${SITE}/remote-changing.yaml` });
  await there('component:default/changing');
  await gone('component:default/remote-child');
  await rejects(client.updateLocation('00000000-0000-4000-8000-000000000000', { target }, asOwner), 404, 'NotFoundError', /./);
});
await check('removeLocationById', async () => {
  assert.equal(await client.removeLocationById(added.id, asOwner), undefined);
  assert.equal(await client.getLocationById(added.id), undefined);
  await gone('component:default/changing');
  await rejects(client.removeLocationById(added.id, asOwner), 404, 'NotFoundError', /./);
});

const valid = { apiVersion: 'backstage.io/v1alpha1', kind: 'Component', metadata: { name: 'valid' }, spec: { type: 'service', lifecycle: 'production', owner: 'team-b' } };
await check('validateEntity', async () => {
  const at = `url:${SITE}/catalog-info.yaml`;
  assert.deepEqual(await client.validateEntity(valid, at), { valid: true });
  const bad = await client.validateEntity({ ...valid, spec: { type: 'service', lifecycle: 'production' } }, at);
  assert.equal(bad.valid, false);
  assert.equal(bad.errors.length, 1);
  assert.match(bad.errors[0].message, /must have required property 'owner'/);
  const named = await client.validateEntity({ ...valid, metadata: { name: 'bad name!' } }, at);
  assert.match(named.errors[0].message, /"metadata.name" is not valid|metadata.name/);
  assert.equal(typeof named.errors[0].name, 'string');
});
await check('analyzeLocation', async () => {
  const { existingEntityFiles, generateEntities } = await client.analyzeLocation({ location: { type: 'url', target: 'https://git.example.com/acme/some-repo' } });
  assert.deepEqual(existingEntityFiles, []);
  assert.deepEqual(generateEntities, [{ fields: [], entity: { apiVersion: 'backstage.io/v1alpha1', kind: 'Component', metadata: { name: 'some-repo' }, spec: { type: 'other', lifecycle: 'unknown' } } }]);
  await rejects(client.analyzeLocation({}), 400, 'InputError', /must have required property 'location'/);
});

console.log(`methods ${JSON.stringify({ all: methods, called: [...called] })}`);
process.exit(failed ? 1 : 0);
