// Package population makes up the catalog of an organisation, of any size, in
// the proportions of the largest Backstage catalog that is known: of 739,000
// entities 46,000 components, 257,000 subcomponents and 203,000 APIs. How the
// rest divides into resources, systems, users, groups and domains is a guess.
//
// Start with [New]. Every entity follows from the seed and its number alone, so
// that a generator and a load tool, which know both, agree without a word. What
// one entity says is in entity.go.
package population

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// The sizes that [New] takes: below there is not one of each kind, and above
// the names run out.
const (
	Smallest = 100
	Largest  = 1_000_000
)

// Section is a part of the population.
type Section int

// The sections, in the order of their entities' numbers.
const (
	Domain Section = iota
	Group
	User
	System
	Resource
	API
	Component
	Subcomponent
	sections
)

// shares is how many entities of each section there are in 739,000.
var shares = [sections]int{
	Domain: 600, Group: 7_900, User: 60_000, System: 12_500,
	Resource: 152_000, API: 203_000, Component: 46_000, Subcomponent: 257_000,
}

const largestKnown = 739_000

// Kind returns the kind of the section's entities, as documents write it.
func (s Section) Kind() string {
	return [sections]string{"Domain", "Group", "User", "System", "Resource", "API", "Component", "Component"}[s]
}

// Population is a made-up catalog. It is immutable.
type Population struct {
	seed  uint64
	first [sections + 1]int // number of the first entity of each section; last, how many there are
}

// New returns a population of so many entities, numbered from 0.
func New(entities int, seed uint64) (*Population, error) {
	if entities < Smallest || entities > Largest {
		return nil, fmt.Errorf("a population has between %d and %d entities, not %d", Smallest, Largest, entities)
	}
	var counts [sections]int
	rest := entities
	for s, share := range shares {
		counts[s] = max(1, int(math.Round(float64(entities)*float64(share)/largestKnown)))
		rest -= counts[s]
	}
	counts[Resource] += rest // what rounding left over
	p := &Population{seed: seed}
	for s, n := range counts {
		p.first[s+1] = p.first[s] + n
	}
	return p, nil
}

// Len is how many entities there are.
func (p *Population) Len() int { return p.first[sections] }

// Count is how many entities a section has.
func (p *Population) Count(s Section) int { return p.first[s+1] - p.first[s] }

// Section returns the section of entity i.
func (p *Population) Section(i int) Section {
	for s := Domain; ; s++ {
		if i < p.first[s+1] {
			return s
		}
	}
}

// Number returns the number of the n-th entity of a section.
func (p *Population) Number(s Section, n int) int { return p.first[s] + n }

// Name returns the metadata.name of entity i.
func (p *Population) Name(i int) string {
	s := p.Section(i)
	return strings.Join(p.words(s, i-p.first[s]), "-")
}

// Ref returns the full lower-case reference of entity i.
func (p *Population) Ref(i int) string {
	return strings.ToLower(p.Section(i).Kind()) + ":default/" + p.Name(i)
}

// Home returns the repository, without its owner, in which entity i is
// declared: that of a component with all that belongs to it, or one of those
// in which the organisation keeps its people and systems.
func (p *Population) Home(i int) string {
	s := p.Section(i)
	n := i - p.first[s]
	switch s {
	case Component:
	case Subcomponent:
		n = p.parent(i)
	case API, Resource:
		n %= p.Count(Component)
	default:
		return fmt.Sprintf("organisation-%03d", i/500)
	}
	return p.Name(p.Number(Component, n))
}

// random returns a source of chance for one purpose. The same purpose of the
// same entity finds the same chance.
func (p *Population) random(i int, purpose uint64) *rand.Rand {
	return rand.New(rand.NewPCG(p.seed, uint64(i)<<8|purpose))
}

// What chance is asked for.
const (
	forPlace uint64 = iota // owner, system and parent, which other entities look at
	forText                // all the rest
)

// skewed returns a number below n, low ones more often: with a skew of 2, one
// quarter of the numbers comes up half of the time.
func skewed(r *rand.Rand, n int, skew float64) int {
	return min(n-1, int(float64(n)*math.Pow(r.Float64(), skew)))
}
