package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/callboard/callboard/eventlog"
)

// A card is named by its name, with its namespace, or by its full reference, and however the path
// writes a colon. What is no card is none, and not deleted as one.
func TestCardsAreNamed(t *testing.T) {
	o := newOffice(t)
	for _, name := range []string{"readiness", "default:readiness", "default%3Areadiness", "scorecard%3Adefault%2Freadiness"} {
		for _, of := range []string{"", "/results"} {
			if a := o.ask("GET", "/api/scorecards/"+name+of, ""); a.status != http.StatusOK {
				t.Errorf("%s%s: %d %s", name, of, a.status, a.text)
			}
		}
	}
	var card struct {
		Position eventlog.Position
	}
	if err := json.Unmarshal([]byte(o.ask("GET", "/api/scorecards/readiness", "").text), &card); err != nil || card.Position != o.Since("scorecard:default/readiness") {
		t.Errorf("its position is %d, %v", card.Position, err)
	}
	o.refuses(http.StatusNotFound, "there is no scorecard:", "DELETE", "/api/scorecards/exemption%3Adefault%2Ffiled", "")
	if _, is := o.Entity("exemption:default/filed"); !is {
		t.Error("an exemption is deleted as a scorecard")
	}
}

// What is wrong with no field of a card is told without one.
func TestWhatIsNoCard(t *testing.T) {
	o := newOffice(t)
	const card = "apiVersion: callboard.dev/v1alpha1\nkind: Scorecard\nmetadata: {name: readiness}\nspec: {rules: [{id: docs, title: Has docs, expr: docs.present}]}\n"
	o.refuses(http.StatusBadRequest, "line 1, column 1: must be one scorecard, found 2 documents", "PUT", "/api/scorecards/readiness", card+"---\n"+strings.Replace(card, "readiness", "other", 1))
}
