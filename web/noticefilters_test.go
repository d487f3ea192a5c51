package web_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/web"
)

// Where the values of a filter lead, and how one is dropped, chosen or not.
func TestNoticeFilters(t *testing.T) {
	for _, c := range []struct {
		name, at, field string
		owners          []string
		bell            bool
		on              []string
		value           string
		want, drop      string
	}{
		{"a kind", "/notices?page=3", "kind", nil, false, nil, "drop", "/notices?kind=drop", ""},
		{"one more", "/notices?kind=drop", "kind", nil, false, []string{"drop"}, "reminder", "/notices?kind=drop&kind=reminder", "/notices"},
		{"a kind that is chosen", "/notices?kind=drop&owner=bank", "kind", []string{"bank"}, false, []string{"drop"}, "drop", "/notices?owner=bank", "/notices?owner=bank"},
		{"one scorecard at a time", "/notices?scorecard=a", "scorecard", nil, false, []string{"a"}, "b", "/notices?scorecard=b", "/notices"},
		{"the scorecard that is chosen", "/notices?scorecard=a", "scorecard", nil, false, []string{"a"}, "a", "/notices", "/notices"},
		{"a moment is carried by others", "/notices?at=2026-03-01&known=7", "kind", nil, false, nil, "drop", "/notices?kind=drop", ""},
		{"a team", "/notices", "owner", nil, false, nil, "bank", "/notices?owner=bank", ""},
		{"a team besides the bell's", "/notices", "owner", []string{"bank"}, true, []string{"bank"}, "shop", "/notices?owner=bank&owner=shop", "/notices?owner=all"},
		{"the bell's own", "/notices", "owner", []string{"bank"}, true, []string{"bank"}, "bank", "/notices?owner=all", "/notices?owner=all"},
		{"a kind, of the bell's", "/notices", "kind", []string{"bank"}, true, nil, "drop", "/notices?kind=drop&owner=bank", ""},
		{"a team instead of all", "/notices?owner=all", "owner", nil, true, nil, "bank", "/notices?owner=bank", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			facet, chips := web.NoticeFilter(c.at, c.field, c.owners, c.bell, c.on, notices.Facet{Count: 9}, notices.Facet{Value: c.value, Count: 2})
			if len(facet.Items) != 1 || facet.Items[0].Href != c.want || facet.Items[0].Label != "<"+c.value+">" || facet.Items[0].Count != 2 {
				t.Errorf("the value is %+v, and is to lead to %s", facet.Items, c.want)
			}
			drop := ""
			if len(chips) > 0 {
				drop = chips[0].Drop
			}
			if len(chips) != len(c.on) || drop != c.drop {
				t.Errorf("chips are %+v, and the first is to lead to %s", chips, c.drop)
			}
		})
	}
	var many []notices.Facet
	for i := range 12 {
		many = append(many, notices.Facet{Value: fmt.Sprint("t", i), Count: 1})
	}
	facet, _ := web.NoticeFilter("/notices", "owner", nil, false, []string{"t11"}, many...)
	if len(facet.Items) != 9 || len(facet.More) != 3 || !facet.Items[8].On {
		t.Errorf("%d are seen and %d on request, and what is chosen is %+v", len(facet.Items), len(facet.More), facet.Items[len(facet.Items)-1])
	}
}

func TestBellInstead(t *testing.T) {
	for _, c := range []struct {
		shown, counted, want []string
		says                 string
	}{
		{nil, nil, nil, ""},
		{[]string{"bank"}, []string{"bank"}, nil, ""},
		{[]string{"bank"}, nil, []string{"bank"}, "Count what is shown"},
		{nil, []string{"bank"}, nil, "Count all teams"},
	} {
		owners, says := web.BellInstead(c.shown, c.counted)
		if d := cmp.Diff(c.want, owners); d != "" || says != c.says {
			t.Errorf("%v is shown and %v counted: %q, %s", c.shown, c.counted, says, d)
		}
	}
}
