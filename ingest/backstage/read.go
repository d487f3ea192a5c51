package backstage

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// pageSize is how many entities are asked for at once, and so how many of them
// are in memory.
const pageSize = 200

// headFields are what of an entity tells where it comes from.
func headFields() []string {
	return []string{"kind", "metadata.name", "metadata.namespace", "metadata.annotations"}
}

// refFields are what of an entity tells which it is.
func refFields() []string { return []string{"kind", "metadata.name", "metadata.namespace"} }

// entities hands on the entities that match, page by page. Filters are
// Backstage's; an entity may come twice if the catalog changes meanwhile.
func (c *client) entities(ctx context.Context, filters, fields []string, each func(items []json.RawMessage, total int) error) error {
	const path = "/api/catalog/entities/by-query"
	query := url.Values{"filter": filters, "limit": {strconv.Itoa(pageSize)}}
	addFields(query, fields)
	for first := true; ; first = false {
		var page struct {
			Items      []json.RawMessage
			TotalItems int
			PageInfo   struct{ NextCursor string }
		}
		_, err := c.do(ctx, call{method: http.MethodGet, path: path, query: query}, &page)
		if first && statusOf(err) == http.StatusNotFound {
			return c.listed(ctx, filters, fields, each)
		}
		if err != nil {
			return c.failed("read the entities", err)
		}
		if page.Items == nil {
			return c.foreign(path)
		}
		if err := each(page.Items, page.TotalItems); err != nil {
			return err
		}
		if page.PageInfo.NextCursor == "" {
			return nil
		}
		query.Del("filter") // which the cursor holds
		query.Set("cursor", page.PageInfo.NextCursor)
	}
}

func addFields(query url.Values, fields []string) {
	if len(fields) > 0 {
		query.Set("fields", strings.Join(fields, ","))
	}
}

// listed is entities for an older Backstage, which lists by offset only.
func (c *client) listed(ctx context.Context, filters, fields []string, each func([]json.RawMessage, int) error) error {
	const path = "/api/catalog/entities"
	for offset := 0; ; offset += pageSize {
		query := url.Values{"filter": filters, "limit": {strconv.Itoa(pageSize)}, "offset": {strconv.Itoa(offset)}}
		addFields(query, fields)
		var items []json.RawMessage
		if _, err := c.do(ctx, call{method: http.MethodGet, path: path, query: query}, &items); err != nil {
			if status := statusOf(err); offset == 0 && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) {
				return c.foreign(path)
			}
			return c.failed("read the entities", err)
		}
		if err := each(items, 0); err != nil {
			return err
		}
		if len(items) < pageSize {
			return nil
		}
	}
}

// byRefs returns the entities of some references, in their order; nil stands for
// one that is not there. At is the position that the answer has seen.
func (c *client) byRefs(ctx context.Context, refs, fields []string) (items []json.RawMessage, at uint64, err error) {
	var answer struct{ Items []json.RawMessage }
	body := map[string]any{"entityRefs": refs}
	if len(fields) > 0 {
		body["fields"] = fields
	}
	const path = "/api/catalog/entities/by-refs"
	header, err := c.do(ctx, call{method: http.MethodPost, path: path, body: body}, &answer)
	switch {
	case err != nil:
		return nil, 0, c.failed("look entities up", err)
	case len(answer.Items) != len(refs):
		return nil, 0, c.foreign(path)
	}
	for i, item := range answer.Items {
		if string(item) == "null" {
			answer.Items[i] = nil
		}
	}
	at, err = strconv.ParseUint(header.Get("Callboard-Position"), 10, 64)
	if err != nil {
		return nil, 0, c.foreign(path)
	}
	return answer.Items, at, nil
}

// locations lists the registered locations.
func (c *client) locations(ctx context.Context) ([]place, error) {
	const path = "/api/catalog/locations"
	var items []struct{ Data *place }
	_, err := c.do(ctx, call{method: http.MethodGet, path: path}, &items)
	if status := statusOf(err); status == http.StatusNotFound || status == http.StatusMethodNotAllowed {
		return nil, c.foreign(path)
	}
	if err != nil {
		return nil, c.failed("list the locations", err)
	}
	var all []place
	for _, it := range items {
		if it.Data == nil {
			return nil, c.foreign(path)
		}
		all = append(all, *it.Data)
	}
	return all, nil
}

// rejections lists the descriptors that Callboard cannot use now.
func (c *client) rejections(ctx context.Context) ([]rejection, error) {
	var all []rejection
	for query := (url.Values{"limit": {"1000"}}); ; {
		var page struct {
			Items      []rejection
			NextCursor string
		}
		if _, err := c.do(ctx, call{method: http.MethodGet, path: "/api/rejections", query: query}, &page); err != nil {
			if statusOf(err) == http.StatusNotFound {
				return nil, c.foreign("/api/rejections")
			}
			return nil, c.failed("list what is refused", err)
		}
		all = append(all, page.Items...)
		if page.NextCursor == "" {
			return all, nil
		}
		query.Set("after", page.NextCursor)
	}
}

// register has Callboard read a place from now on; with dryRun it only tells
// what would come. An answer that refuses is a *statusError.
func (c *client) register(ctx context.Context, p place, dryRun bool) ([]json.RawMessage, error) {
	r := call{method: http.MethodPost, path: "/api/catalog/locations", body: map[string]string{"type": p.Type, "target": p.Target}}
	if dryRun {
		r.query = url.Values{"dryRun": {"true"}}
	}
	var answer struct{ Entities []json.RawMessage }
	_, err := c.do(ctx, r, &answer)
	return answer.Entities, err
}

// newest returns the position of the newest event that the catalog is made of.
func (c *client) newest(ctx context.Context) (uint64, error) {
	var answer struct {
		Projections []struct {
			Name          string
			Position, Lag uint64
		}
	}
	if _, err := c.do(ctx, call{method: http.MethodGet, path: "/readyz"}, &answer); err != nil {
		return 0, c.failed("ask how far it is", err)
	}
	for _, p := range answer.Projections {
		if p.Name == "entities" { // others follow another log
			return p.Position + p.Lag, nil
		}
	}
	return 0, c.foreign("/readyz")
}
