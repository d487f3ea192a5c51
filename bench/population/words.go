package population

import "strings"

// Word lists are split when the package is loaded and never written to.
var (
	adjectives = strings.Fields(`amber ample brisk calm candid cedar clear copper coral crimson dapper deep early
		faint fleet frosty gentle golden hardy hazel humble inland ivory jade keen late linen lunar maple mellow
		northern olive pale plain quiet rapid silver stout tidal velvet`)
	subjects = strings.Fields(`account address advert audit badge balance basket billing booking bundle campaign card
		catalog channel checkout claim contract coupon courier credit customer delivery deposit dispute document
		email event export feature feedback forecast fraud gift identity import inventory invoice item journey
		ledger letter listing loyalty market member message order parcel partner payment payout policy price
		product profile quote receipt refund report return reward search seller session settlement shipment
		stock store subscription support tariff tax ticket token transfer travel user vault voucher wallet warehouse`)
	places = strings.Fields(`pebble moss salt tamarisk kestrel heron fen marsh dune gorse bracken rowan alder willow
		sedge thrift plover curlew dunlin tern wren finch lark swift otter vole stoat hare lichen fern clover
		sorrel teasel yarrow campion burdock chalk flint shale slate loam peat brook beck tarn mere weir ford
		holm ness wick combe dale fell glen moor heath copse spinney hollow ridge scar cairn beacon`)
	tags = strings.Fields(`java go python typescript node rust kotlin grpc rest graphql kafka postgres redis batch
		streaming internal external pci gdpr ml legacy experimental critical frontend mobile sdk tier-1 tier-2
		tier-3 c++ dotnet:8 c# ruby scala react swift terraform helm serverless gpu`)
)

// suffixes tell apart what the sections call things. Components and
// subcomponents are of one kind and have none in common.
var suffixes = [sections][]string{
	Domain:       {"domain"},
	Group:        {"team", "squad", "guild", "crew"},
	System:       {"platform", "suite", "system", "core"},
	Resource:     {"db", "bucket", "topic", "cache", "queue", "index"},
	API:          {"api", "events", "rpc", "graph"},
	Component:    {"service", "gateway", "web", "console", "library", "pipeline", "app", "engine"},
	Subcomponent: {"worker", "consumer", "scheduler", "exporter", "migrator", "sidecar", "handler", "adapter"},
}

// words returns the words of which the name of the n-th entity of a section is
// made. Names are unique in a section and their order has nothing to do with n.
func (p *Population) words(s Section, n int) []string {
	var lists [][]string
	switch s {
	case User:
		lists = [][]string{places, places, adjectives}
	case Domain, Group, System, Component:
		lists = [][]string{subjects, subjects, suffixes[s]}
		if p.Count(s) > len(subjects)*len(subjects) {
			lists = append([][]string{adjectives}, lists...)
		}
	default:
		lists = [][]string{adjectives, subjects, subjects, suffixes[s]}
	}
	space := uint64(1)
	for _, list := range lists {
		space *= uint64(len(list))
	}
	// A prime that divides no space goes through all of it before it repeats.
	const prime = 2_654_435_761
	x := (uint64(n)*prime + p.seed%space) % space
	words := make([]string, len(lists))
	for i, list := range lists {
		size := uint64(len(list))
		// The rest of x moves this word on, else neighbours would be sorted.
		words[i] = list[(x+x/size*0x9e3779b97f4a7c15>>32)%size]
		x /= size
	}
	return words
}
