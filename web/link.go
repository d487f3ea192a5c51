package web

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/web/ui"
)

// link is an address within the portal: a path, and a query that is the whole
// state of the page. Its methods return changed copies.
type link struct {
	path  string
	query url.Values
}

// set replaces a field by values; none at all drops it.
func (l link) set(field string, values ...string) link {
	q := maps.Clone(l.query)
	if q == nil {
		q = url.Values{}
	}
	q[field] = values
	if len(values) == 0 {
		delete(q, field)
	}
	return link{l.path, q}
}

// drop leaves fields out.
func (l link) drop(fields ...string) link {
	for _, f := range fields {
		l = l.set(f)
	}
	return l
}

// toggle adds a value to a field, or takes it away if it is there.
func (l link) toggle(field, value string) link {
	var rest []string
	for _, v := range l.query[field] {
		if !strings.EqualFold(v, value) {
			rest = append(rest, v)
		}
	}
	if len(rest) == len(l.query[field]) {
		rest = append(rest, value)
	}
	return l.set(field, rest...)
}

// moment is the address as of a moment.
func (l link) moment(m projections.Moment) link {
	if !m.At.IsZero() {
		l = l.set(fieldMoment, m.At.UTC().Format(time.RFC3339Nano))
	}
	if m.Known > 0 {
		l = l.set(fieldKnown, decimal(m.Known))
	}
	return l
}

// String writes the address; fields that say nothing are left out.
func (l link) String() string {
	q := url.Values{}
	for field, values := range l.query {
		for _, v := range values {
			if v != "" {
				q.Add(field, v)
			}
		}
	}
	if len(q) == 0 {
		return l.path
	}
	return l.path + "?" + q.Encode()
}

// carry is the query as hidden fields of a form, in a steady order, but for the
// moment: see [keep].
func (l link) carry() []ui.Hidden {
	var all []ui.Hidden
	for _, field := range slices.Sorted(maps.Keys(l.drop(fieldMoment, fieldKnown).query)) {
		for _, v := range l.query[field] {
			if v != "" {
				all = append(all, ui.Hidden{Name: field, Value: v})
			}
		}
	}
	return all
}

// local reports whether an address that came from outside leads into the
// portal: a path, and neither //host nor /\host, which browsers take for a host.
func local(address string) bool {
	return strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") && !strings.Contains(address, `\`)
}

// parseLocal reads an address of the portal; anything else becomes the start page.
func parseLocal(address string) link {
	u, err := url.Parse(address)
	if err != nil || !local(address) {
		return link{path: "/"}
	}
	return link{u.EscapedPath(), u.Query()}
}

// again is the address itself, as long as a browser would not take it for
// another host's.
func (l link) again() link {
	if !local(l.path) {
		return link{path: "/"}
	}
	return l
}

// entityLink is the address of an entity's page, below which its tabs are.
func entityLink(ref catalog.Ref) string {
	ns := ref.Namespace
	if ns == "" {
		ns = catalog.DefaultNamespace
	}
	return catalogPath + "/" + url.PathEscape(strings.ToLower(ns)) + "/" + url.PathEscape(strings.ToLower(ref.Kind)) + "/" + url.PathEscape(strings.ToLower(ref.Name))
}

// eventLink is the address of an event's own page.
func eventLink(p eventlog.Position) string { return auditPath + "/" + decimal(p) }

// decimal is a position as an address has it, without commas.
func decimal(p eventlog.Position) string { return strconv.FormatUint(uint64(p), 10) }
