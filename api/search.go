package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/search"
)

// Search finds entities, pages and operations.
type Search interface {
	Find(ctx context.Context, q search.Query) (search.Results, error)
}

// searchMount is where Backstage's search API is.
const searchMount = "/api/search"

// The limits of Backstage's search, by default.
const (
	maxSearchTerm   = 100
	maxSearchLimit  = 100
	searchPageLimit = 25
)

// What stands around marked words in highlights.
const (
	searchPreTag  = "<callboard-mark>"
	searchPostTag = "</callboard-mark>"
)

// searchTypes are the types of documents by Backstage's names; the last is our own.
func searchTypes() [][2]string {
	return [][2]string{{"software-catalog", search.Entities}, {"techdocs", search.Pages}, {"api-operation", search.Operations}}
}

// searchParam takes the parameters apart that the library qs would make lists and objects of.
var searchParam = regexp.MustCompile(`^(term|pageCursor|pageLimit|types|filters)(?:\[([^\]]*)\])?(?:\[\d*\])?$`)

// searchAnswer is Backstage's SearchResultSet.
type searchAnswer struct {
	Results  []searchResult `json:"results"`
	Next     string         `json:"nextPageCursor,omitempty"`
	Previous string         `json:"previousPageCursor,omitempty"`
	Total    int            `json:"numberOfResults"`
}

// searchResult is Backstage's SearchResult.
type searchResult struct {
	Type      string `json:"type"`
	Document  any    `json:"document"`
	Rank      int    `json:"rank"`
	Highlight struct {
		PreTag  string            `json:"preTag"`
		PostTag string            `json:"postTag"`
		Fields  map[string]string `json:"fields"`
	} `json:"highlight"`
}

// searchDocument is what all types have.
type searchDocument struct {
	Title         string `json:"title"`
	Text          string `json:"text"`
	Location      string `json:"location"`
	Kind          string `json:"kind"`
	Namespace     string `json:"namespace"`
	ComponentType string `json:"componentType"`
	Lifecycle     string `json:"lifecycle"`
	Owner         string `json:"owner"`
}

// catalogDocument is one of type software-catalog.
type catalogDocument struct {
	searchDocument
	Type string `json:"type"`
}

// partDocument is one of something that belongs to an entity.
type partDocument struct {
	searchDocument
	Name        string `json:"name"`
	EntityTitle string `json:"entityTitle"`
	Path        string `json:"path"`
}

// handleSearch handles "GET /api/search/query".
func (a *API) handleSearch(c echo.Context) error {
	q, page, err := readSearch(c.Request().URL.RawQuery)
	if err != nil {
		return err
	}
	q.Moment = momentOf(c)
	found, err := a.Search.Find(c.Request().Context(), q)
	if err != nil {
		return err
	}
	answer := searchAnswer{Results: make([]searchResult, 0, len(found.Hits)), Total: found.Total}
	if q.Offset+q.Limit < found.Total {
		answer.Next = searchCursor(page + 1)
	}
	if page > 0 {
		answer.Previous = searchCursor(page - 1)
	}
	for i, h := range found.Hits {
		answer.Results = append(answer.Results, newSearchResult(a.catalog(c), h, q.Offset+i+1))
	}
	return writeJSON(c, http.StatusOK, answer)
}

func searchCursor(page int) string {
	return base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(page)))
}

// readSearch reads a query as Backstage's client writes it.
func readSearch(raw string) (q search.Query, page int, err error) {
	refuse := func(field, format string, args ...any) error {
		return fault.New(fault.Invalid, "Invalid query string: "+field+": "+format, args...)
	}
	q.Limit, q.Uncounted = searchPageLimit, true
	for _, pair := range queryPairs(raw) {
		m := searchParam.FindStringSubmatch(pair[0])
		if m == nil {
			continue // Backstage looks at no others either
		}
		value := pair[1]
		switch m[1] {
		case "term":
			if n := utf8.RuneCountInString(value); n > maxSearchTerm {
				return q, 0, refuse("term", `The term length "%d" is greater than "%d"`, n, maxSearchTerm)
			}
			q.Text = value
		case "types":
			typ := ""
			for _, t := range searchTypes() {
				if t[0] == value {
					typ = t[1]
				}
			}
			if typ == "" {
				return q, 0, refuse("types", "%q is no type of documents; there are software-catalog, techdocs and api-operation", value)
			}
			q.Types = append(q.Types, typ)
		case "filters":
			if err := searchFilter(&q, m[2], value); err != nil {
				return q, 0, refuse("filters", "%w", err)
			}
		case "pageLimit":
			if q.Limit, err = strconv.Atoi(value); err != nil || q.Limit < 1 {
				return q, 0, refuse("pageLimit", "%q is no number from 1 to %d", value, maxSearchLimit)
			}
			if q.Limit > maxSearchLimit {
				return q, 0, refuse("pageLimit", `The page limit "%d" is greater than "%d"`, q.Limit, maxSearchLimit)
			}
		case "pageCursor":
			if value == "" {
				continue
			}
			text, err := base64.StdEncoding.DecodeString(value)
			if err == nil {
				page, err = strconv.Atoi(string(text))
			}
			if err != nil || page < 0 || page > 1_000_000 {
				return q, 0, refuse("pageCursor", "%q is no cursor out of an answer", value)
			}
		}
	}
	q.Offset = page * q.Limit
	return q, page, nil
}

// searchFilter adds a filter by a field of documents.
func searchFilter(q *search.Query, field, value string) error {
	switch field {
	case "kind":
		q.Kinds = append(q.Kinds, value)
	case "namespace":
		q.Namespaces = append(q.Namespaces, value)
	case "name":
		q.Names = append(q.Names, value)
	case "lifecycle":
		q.Lifecycles = append(q.Lifecycles, value)
	case "componentType", "type":
		q.SpecTypes = append(q.SpecTypes, value)
	case "owner":
		ref, err := catalog.ParseRef(value, catalog.Ref{Kind: "group", Namespace: catalog.DefaultNamespace})
		if err != nil {
			return err
		}
		q.Owners = append(q.Owners, ref.String())
	default:
		return fault.New(fault.Invalid, "%q is no field to filter by; there are kind, namespace, name, lifecycle, componentType, type and owner", field)
	}
	return nil
}

func newSearchResult(s *entities.Snapshot, h search.Hit, rank int) searchResult {
	r := searchResult{Rank: rank}
	for _, t := range searchTypes() {
		if t[1] == h.Type {
			r.Type = t[0]
		}
	}
	r.Highlight.PreTag, r.Highlight.PostTag = searchPreTag, searchPostTag
	r.Document = newSearchDocument(s, h)
	r.Highlight.Fields = map[string]string{"title": tagged(h.Title), "text": tagged(h.Excerpt)}
	return r
}

// tagged is a text with tags around what was found.
func tagged(pieces []search.Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		if p.Marked {
			b.WriteString(searchPreTag + p.Text + searchPostTag)
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// newSearchDocument is a hit as Backstage's collators describe such a document.
func newSearchDocument(s *entities.Snapshot, h search.Hit) any {
	d := searchDocument{Title: search.Text(h.Title), Text: h.Text, Location: h.Location(), ComponentType: "other"}
	ref, err := catalog.ParseRef(h.Ref, catalog.Ref{})
	if err != nil {
		return d
	}
	d.Kind, d.Namespace = ref.Kind, ref.Namespace
	part := partDocument{Name: ref.Name, EntityTitle: ref.Name, Path: h.Path()}
	e, ok := s.Get(h.Ref)
	if ok {
		d.ComponentType, d.Lifecycle, part.EntityTitle = cmp.Or(e.Type(), "other"), e.Lifecycle(), e.Entity.Title()
	}
	switch {
	case h.Type != search.Entities:
		if owner, err := catalog.ParseRef(h.Owner, catalog.Ref{}); err == nil {
			d.Owner = owner.Name
		}
		part.searchDocument = d
		return part
	case ok:
		d.Kind, d.Namespace = e.Entity.Kind, cmp.Or(e.Entity.Metadata.Namespace, ref.Namespace)
		d.Text, d.Owner = entityText(e), e.Entity.SpecString("owner")
	default:
		d.Text = ""
	}
	return catalogDocument{d, d.ComponentType}
}

// entityText is the text that Backstage's collator has of an entity.
func entityText(e *entities.Entry) string {
	var texts []string
	add := func(text string) {
		if text != "" {
			texts = append(texts, text)
		}
	}
	add(e.Entity.Metadata.Description)
	kind := strings.ToLower(e.Entity.Kind)
	profile, _ := e.Entity.Spec["profile"].(map[string]any)
	if kind == "user" || kind == "group" {
		name, _ := profile["displayName"].(string)
		add(name)
	}
	if kind == "user" {
		email, _ := profile["email"].(string)
		add(email)
	}
	return strings.Join(texts, " : ")
}
