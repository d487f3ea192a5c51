package ledger

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities"
)

// Declares reports whether an event declares an entity that w selects by what it says
// itself: it is indexed alone, and asked as the whole catalog is. Events of other types
// declare none.
func Declares(ctx context.Context, kinds catalog.Kinds, rec eventlog.Record, w entities.Where) (bool, error) {
	if !May(rec, w) {
		return false, nil
	}
	rec.Extensions = nil // what was found in the past was there, too
	alone := entities.NewOf(kinds)
	if err := alone.Apply(ctx, []eventlog.Record{rec}); err != nil {
		return false, err
	}
	return alone.Snapshot().Count(w) > 0, nil
}

// May reports whether an event may declare an entity that w selects. To index one takes
// a hundred times as long as to see that the words are not there.
func May(rec eventlog.Record, w entities.Where) bool {
	switch w := w.(type) {
	case entities.All:
		return !slices.ContainsFunc(w, func(part entities.Where) bool { return !May(rec, part) })
	case entities.Any:
		return slices.ContainsFunc(w, func(part entities.Where) bool { return May(rec, part) })
	case entities.Equals:
		return slices.ContainsFunc(w.Values, func(value string) bool { return mayBe(rec, strings.ToLower(w.Key), strings.ToLower(value)) })
	}
	return true
}

// mayBe reports whether an entity may have a value. Of many keys that cannot be told
// without its index: they are said in other words, or by the catalog.
func mayBe(rec eventlog.Record, key, value string) bool {
	switch {
	case key == "kind":
		kind, _, _ := strings.Cut(rec.Subject, ":")
		return strings.EqualFold(kind, value)
	case key == "metadata.name", key == "metadata.tags", key == "spec.type", key == "spec.lifecycle", key == "spec.owner", key == "spec.system", strings.HasPrefix(key, "metadata.labels."):
		return !plain(value) || bytes.Contains(bytes.ToLower(rec.Data), []byte(value))
	}
	return true
}

// plain reports whether a text stands in JSON as it is: a word, not a number, which has
// many forms.
func plain(text string) bool {
	letters := 0
	for _, c := range text {
		switch {
		case c >= 'a' && c <= 'z':
			letters++
		case c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == ':', c == '/':
		default:
			return false
		}
	}
	return letters > 1
}
