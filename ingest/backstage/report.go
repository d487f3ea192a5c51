package backstage

import "strings"

// Report tells how the catalogs compare.
type Report struct {
	Backstage string      `json:"backstage"`
	Callboard string      `json:"callboard"`
	DryRun    bool        `json:"dryRun"`
	Filters   []string    `json:"filters,omitempty"`
	Matched   bool        `json:"matched"` // see [Report.finish]
	Summary   Summary     `json:"summary"`
	Ignored   []string    `json:"ignored"` // that makes no difference
	Locations []*Location `json:"locations"`
	Entities  []Entity    `json:"entities"` // by ref
}

// Summary counts.
type Summary struct {
	Locations map[LocationResult]int `json:"locations"`
	Entities  map[EntityResult]int   `json:"entities"`
	Backstage int                    `json:"backstage"` // entities there
}

// LocationResult is what became of a location.
type LocationResult string

// The results of locations.
const (
	Registered    LocationResult = "registered"
	WouldRegister LocationResult = "would be registered" // in a dry run
	Present       LocationResult = "already there"
	NotNeeded     LocationResult = "not needed" // its entities come from sources or other locations
	Refused       LocationResult = "refused"
	Unsupported   LocationResult = "cannot be registered"
	Pending       LocationResult = "not read yet"
)

// locationResults lists them in the order in which people want to know.
func locationResults() []LocationResult {
	return []LocationResult{Registered, WouldRegister, Present, NotNeeded, Refused, Unsupported, Pending}
}

// EntityResult is how an entity compares.
type EntityResult string

// The results of entities.
const (
	Same            EntityResult = "the same"
	Partner         EntityResult = "the same but for relations with what is not here"
	Differs         EntityResult = "differs"
	Missing         EntityResult = "missing here"
	OnlyHere        EntityResult = "only here"
	Coming          EntityResult = "would come"      // in a dry run
	EntityNotNeeded EntityResult = "not needed here" // it stands for a location that is not
)

// entityResults lists likewise those of Backstage's entities.
func entityResults() []EntityResult {
	return []EntityResult{Same, Partner, Coming, EntityNotNeeded, Differs, Missing}
}

// Location is what became of a place that Backstage reads.
type Location struct {
	place    `json:"-"`
	Shown    place          `json:"location"`
	Listed   bool           `json:"listed"`   // registered at Backstage; else its configuration or a provider brings it
	Entities int            `json:"entities"` // that come from it at Backstage
	Result   LocationResult `json:"result"`
	Problem  string         `json:"problem,omitempty"`
	Do       string         `json:"do,omitempty"` // what to do about it
}

// partly notes that a dry run found something wrong in what the place leads to,
// and reports whether that is so. Backstage's API then tells nothing else.
func (l *Location) partly(problem string) bool {
	if !strings.HasPrefix(problem, "InputError") && strings.Contains(problem, l.Target) {
		return false
	}
	l.Result, l.Problem, l.Do = WouldRegister, problem, advice(problem)
	return true
}

// refuse notes why Callboard does not read the place.
func (l *Location) refuse(problem string) {
	l.Result, l.Problem, l.Do = Refused, problem, advice(problem)
}

// advice says what to do when the problem itself, which may be in Backstage's
// words, does not.
func advice(problem string) string {
	switch {
	case strings.Contains(problem, "backend.reading.allow"):
		return "Add the host to catalog.reading.allow in callboard.yaml, or connect its forge as a source, restart, and run this again."
	case strings.Contains(problem, "is not of an allowed kind"), strings.Contains(problem, "see catalog.rules"):
		return "Allow the kind in catalog.rules of callboard.yaml, restart, and run this again."
	case strings.HasPrefix(problem, "NotFoundError"), strings.Contains(problem, "leads nowhere"):
		return "The file is not there any more, or only Backstage may read it. Take the location out of Backstage, or let Callboard read it too."
	case strings.HasPrefix(problem, "InputError"):
		return "The descriptor has to be repaired. What else the location leads to comes nevertheless; which, a dry run cannot tell."
	default:
		return ""
	}
}

// Entity is how one entity compares.
type Entity struct {
	Ref      string       `json:"ref"`
	Result   EntityResult `json:"result"`
	Location string       `json:"location,omitempty"` // that led to it at Backstage
	Fields   []Field      `json:"fields,omitempty"`   // in which it differs
	Reason   string       `json:"reason,omitempty"`   // why it is missing, or differs
}

// excuse tells what an entity says itself from what follows of another's absence.
func (e *Entity) excuse(here map[string]bool) {
	own := false
	for i := range e.Fields {
		f := &e.Fields[i]
		target, ok := f.target()
		f.Follows = ok && !here[target]
		own = own || !f.Follows
	}
	if e.Result == Differs && !own {
		e.Result = Partner
	}
}

// finish counts. All has matched when each of Backstage's entities is here and
// says the same, and no location was refused or is still to be read. What is only
// here is no fault.
func (r *Report) finish() {
	r.Summary = Summary{Locations: map[LocationResult]int{}, Entities: map[EntityResult]int{}}
	for _, l := range r.Locations {
		r.Summary.Locations[l.Result]++
	}
	for _, e := range r.Entities {
		r.Summary.Entities[e.Result]++
		if e.Result != OnlyHere {
			r.Summary.Backstage++
		}
	}
	n := r.Summary
	r.Matched = n.Entities[Differs]+n.Entities[Missing]+n.Locations[Refused]+n.Locations[Pending] == 0
}
