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

// place sets x and y of each node, its middle, and path, tip and, for one edge of
// a bundle, labelAt of each edge. It returns the size of the whole.
export function place(nodes, edges) {
  const g = new Graph({ multigraph: true });
  g.setGraph({ rankdir: "LR", nodesep: 24, edgesep: 12, ranksep: gap, marginx: 16, marginy: 16 });
  for (const n of nodes) g.setNode(n.ref, { width, height });
  edges.forEach((e, i) => g.setEdge(e.source, e.target, {}, String(i)));
  layout(g);

  const at = new Map(nodes.map((n) => [n.ref, n]));
  for (const n of nodes) ({ x: n.x, y: n.y } = g.node(n.ref));
  const ends = new Map(); // by node and side, the edges that end there
  const end = (e, node, side, other) => {
    const key = node.ref + side;
    if (!ends.has(key)) ends.set(key, []);
    ends.get(key).push({ e, other });
  };
  edges.forEach((e, i) => {
    const [from, to] = [at.get(e.source), at.get(e.target)];
    e.points = g.edge(e.source, e.target, String(i)).points.slice(2, -2).map(({ x, y }) => ({ x, y }));
    e.forward = from.x < to.x;
    e.from = { x: from.x + (e.forward ? width : -width) / 2, y: from.y };
    e.to = { x: to.x - (e.forward ? width : -width) / 2, y: to.y };
    end(e.from, from, e.forward ? ">" : "<", to.y);
    end(e.to, to, e.forward ? "<" : ">", from.y);
  });
  for (const all of ends.values()) fan(all);
  for (const e of edges) draw(e);
  label(edges);
  const { width: w, height: h } = g.graph();
  return { width: w, height: h };
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
