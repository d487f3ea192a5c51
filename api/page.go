package api

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"

	"github.com/callboard/callboard/internal/fault"
)

var orderForm = regexp.MustCompile(`^(asc|desc):(.+)$`)

// page is the part of a list of entities that is asked for. It is also, as JSON
// in base64, what the "after" parameter holds.
type page struct {
	Limit  int `json:"limit,omitempty"` // 0 = all
	Offset int `json:"offset"`
}

// parsePage returns nil if all is asked for at once.
func parsePage(params url.Values) (*page, error) {
	if !params.Has("limit") && !params.Has("offset") && !params.Has("after") {
		return nil, nil
	}
	var p page
	var err error
	if p.Limit, err = integer(params, "limit", 0); err != nil {
		return nil, err
	}
	if p.Offset, err = integer(params, "offset", 0); err != nil {
		return nil, err
	}
	if params.Has("limit") && p.Limit == 0 {
		return nil, fault.New(fault.Invalid, "Invalid limit, must be greater than zero")
	}
	if params.Has("after") {
		return &p, p.continueAt(params.Get("after"))
	}
	return &p, nil
}

// continueAt reads where another page ended.
func (p *page) continueAt(after string) error {
	var at map[string]any
	if json.Unmarshal(fromBase64(after), &at) != nil {
		return fault.New(fault.Invalid, "Malformed after cursor, could not be parsed")
	}
	for _, of := range []struct {
		key  string
		to   *int
		what string
	}{{"limit", &p.Limit, "an number"}, {"offset", &p.Offset, "a number"}} {
		v, given := at[of.key]
		if !given {
			continue
		}
		n, ok := v.(float64)
		if !ok || n != float64(int(n)) || n < 0 {
			return fault.New(fault.Invalid, "Malformed after cursor, %s was not %s", of.key, of.what)
		}
		*of.to = int(n)
	}
	return nil
}

// atMost is how many rows to ask for: one more tells whether there is another page.
func (p *page) atMost() int {
	if p.Limit == 0 {
		return -1
	}
	return p.Limit + 1
}

// next is the Link header that leads to the next page. Its path lacks the mount
// point, as Backstage's does.
func (p *page) next(u *url.URL) string {
	b, _ := json.Marshal(page{Limit: p.Limit, Offset: p.Offset + p.Limit}) // two integers: it cannot fail
	after := "after=" + url.QueryEscape(base64.StdEncoding.EncodeToString(b))
	var parts []string
	there := false
	for _, pair := range queryPairs(u.RawQuery) {
		switch pair[0] {
		case "offset":
		case "after":
			if !there {
				parts, there = append(parts, after), true
			}
		default:
			parts = append(parts, url.QueryEscape(pair[0])+"="+url.QueryEscape(pair[1]))
		}
	}
	if !there {
		parts = append(parts, after)
	}
	return "</entities?" + strings.Join(parts, "&") + ">; rel=\"next\""
}

// fromBase64 reads base64 as Node.js does: of either alphabet, and whatever else
// there is is passed over.
func fromBase64(s string) []byte {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r == '-':
			return '+'
		case r == '_':
			return '/'
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '+', r == '/':
			return r
		default:
			return -1
		}
	}, s)
	if len(plain)%4 == 1 { // a lone character is less than a byte
		plain = plain[:len(plain)-1]
	}
	b, _ := base64.RawStdEncoding.DecodeString(plain) // nothing else is left that could be wrong
	return b
}
