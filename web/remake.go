package web

import (
	"cmp"
	"net/url"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/projections/standing"
)

// payload is where the webhook of a source sends to.
func (s *Site) payload(src Source) string {
	return cmp.Or(src.Payload, s.URL+"/hooks/"+url.PathEscape(src.Name))
}

// remakeView is a webhook that is missing at a forge.
type remakeView struct {
	source string
	forge  string // "GitHub"
	says   string
	make   bool          // the portal can make it
	action string        // "Make it again"
	hooks  templ.SafeURL // the forge's page of webhooks; "" if it is not known
}

func (s *Site) newRemakeView(src Source, state standing.State) *remakeView {
	says := state.Unhooked()
	if says == "" {
		return nil
	}
	v := &remakeView{source: src.Name, forge: "The forge", says: says, make: src.Hookable && s.MakeHook != nil, action: "Make it"}
	if state.Last != nil {
		v.action = "Make it again"
	}
	if f, ok := forgeOf(src.Type); ok {
		v.forge = f.title
		if src.Pages != "" && len(src.Owners) > 0 {
			v.hooks = hooksPage(f.key, src.Pages, src.Owners[0])
		}
	}
	return v
}
