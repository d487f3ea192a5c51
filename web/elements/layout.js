/*! This file bundles @dagrejs/dagre and @dagrejs/graphlib, https://github.com/dagrejs

Copyright (c) 2012-2014 Chris Pettitt

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE. */
import { Graph, layout } from "@dagrejs/dagre";

// Where things of a graph are drawn: in layers, from left to right. A node is
// {ref}, an edge {source, target, label}; both are given their places.

export const width = 164;
export const height = 44;
const gap = 104; // between layers
const many = 7; // leaves that hang on one node are put into one block

// place sets x and y of each node, its middle, and path and tip of each edge. Of a
// bundle one edge is given labelAt, and of the edges to a block all but one are
// second. It returns the size of the whole, and the blocks' frames.
export function place(nodes, edges) {
  const all = blocks(nodes, edges);
  const boxOf = new Map(nodes.map((n) => [n.ref, { width, height }]));
  for (const b of all) for (const ref of b.refs) boxOf.set(ref, b);

  const g = new Graph({ multigraph: true });
  g.setGraph({ rankdir: "LR", nodesep: 24, edgesep: 12, ranksep: gap, marginx: 16, marginy: 16 });
  const ids = new Map([...new Set(boxOf.values())].map((box, i) => [box, String(i)]));
  for (const [box, id] of ids) g.setNode(id, { width: box.width, height: box.height });
  const drawn = edges.filter((e) => !e.second);
  drawn.forEach((e, i) => g.setEdge(ids.get(boxOf.get(e.source)), ids.get(boxOf.get(e.target)), {}, String(i)));
  layout(g);

  for (const [box, id] of ids) ({ x: box.x, y: box.y } = g.node(id));
  for (const n of nodes) Object.assign(n, spot(boxOf.get(n.ref), n.ref));
  const ends = new Map(); // by box and side, the edges that end there
  const end = (e, box, side, other) => {
    const key = ids.get(box) + side;
    if (!ends.has(key)) ends.set(key, []);
    ends.get(key).push({ e, other });
  };
  drawn.forEach((e, i) => {
    const [from, to] = [boxOf.get(e.source), boxOf.get(e.target)];
    e.points = g.edge(ids.get(from), ids.get(to), String(i)).points.slice(2, -2).map(({ x, y }) => ({ x, y }));
    e.forward = from.x < to.x;
    e.from = { x: from.x + (e.forward ? from.width : -from.width) / 2, y: from.y };
    e.to = { x: to.x - (e.forward ? to.width : -to.width) / 2, y: to.y };
    end(e.from, from, e.forward ? ">" : "<", to.y);
    end(e.to, to, e.forward ? "<" : ">", from.y);
  });
  for (const some of ends.values()) fan(some);
  for (const e of drawn) draw(e);
  for (const b of all) for (const e of b.edges) ({ path: e.path, tip: e.tip } = b.edges[0]);
  label(drawn);
  const { width: w, height: h } = g.graph();
  return { width: w, height: h, frames: all.map((b) => ({ x: b.x - b.width / 2, y: b.y - b.height / 2, width: b.width, height: b.height })) };
}

// blocks are the leaves that hang on one node by one relation, where they are many.
function blocks(nodes, edges) {
  const degree = new Map();
  for (const e of edges) for (const ref of [e.source, e.target]) degree.set(ref, (degree.get(ref) ?? 0) + 1);
  const leaf = (ref) => degree.get(ref) === 1 && ref !== nodes[0].ref;
  const hanging = edges.filter((e) => leaf(e.source) !== leaf(e.target));
  const groups = Map.groupBy(hanging, (e) => (leaf(e.target) ? `${e.source} ${e.label}` : `${e.label} ${e.target}`));
  return [...groups.values()]
    .filter((some) => some.length >= many)
    .map((some) => {
      some.forEach((e, i) => (e.second = i > 0));
      const columns = Math.max(1, Math.round(Math.sqrt((some.length * stepY) / stepX)));
      const rows = Math.ceil(some.length / columns);
      return {
        refs: some.map((e) => (leaf(e.target) ? e.target : e.source)), edges: some, columns,
        width: columns * stepX + 8, height: rows * stepY + 8,
      };
    });
}

const stepX = width + 12; // within a block
const stepY = height + 12;

// spot is the middle of a node within its box.
function spot(box, ref) {
  if (!box.refs) return { x: box.x, y: box.y };
  const i = box.refs.indexOf(ref);
  return {
    x: box.x - box.width / 2 + 4 + stepX * ((i % box.columns) + 0.5),
    y: box.y - box.height / 2 + 4 + stepY * (Math.floor(i / box.columns) + 0.5),
  };
}

// fan spreads the edges that end at one side of a node.
function fan(ends) {
  const step = Math.min(8, (height - 12) / ends.length);
  ends.sort((a, b) => a.other - b.other);
  ends.forEach(({ e }, i) => (e.y += (i - (ends.length - 1) / 2) * step));
}

function draw(e) {
  const way = e.forward ? 1 : -1;
  const last = { x: e.to.x - 6 * way, y: e.to.y };
  let [path, before] = [`M${e.from.x} ${e.from.y}`, e.from];
  for (const p of [...e.points, last]) {
    const mid = (before.x + p.x) / 2;
    path += `C${mid} ${before.y} ${mid} ${p.y} ${p.x} ${p.y}`;
    before = p;
  }
  e.path = path;
  e.tip = `M${e.to.x - way} ${e.to.y}l${-7 * way}-3.5v7z`;
}

// label names a relation once for the edges that leave one node, or reach one.
function label(edges) {
  const bundle = (end) => Map.groupBy(edges, (e) => e[end] + " " + e.label);
  const [out, into] = [bundle("source"), bundle("target")];
  const named = new Set();
  for (const e of edges) {
    const [a, b] = [out.get(e.source + " " + e.label), into.get(e.target + " " + e.label)];
    const all = a.length >= b.length ? a : b;
    if (named.has(all)) continue;
    named.add(all);
    const one = all.toSorted((p, q) => p.from.y + p.to.y - q.from.y - q.to.y)[all.length >> 1];
    const near = all === a ? one.from : one.to;
    const far = one.points.at(all === a ? 0 : -1) ?? (all === a ? one.to : one.from);
    const t = Math.min(0.5, gap / 2 / Math.abs(far.x - near.x)); // in the gap beside the node
    one.labelAt = { x: near.x + (far.x - near.x) * t, y: near.y + (far.y - near.y) * t * t * (3 - 2 * t) + 4 };
  }
}
