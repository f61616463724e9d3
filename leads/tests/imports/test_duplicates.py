import tracemalloc

from leads.imports.duplicates import SeenAddresses


def test_first_row_of_an_address_is_remembered_through_all_growth():
    seen = SeenAddresses()
    addresses = [f"person{number}@acme.example" for number in range(50_000)]

    firsts = [seen.first_row(address, row) for row, address in enumerate(addresses, start=2)]
    agains = [seen.first_row(address, 99_999) for address in addresses]

    assert set(firsts) == {None}
    assert agains == list(range(2, 50_002))


def test_a_hundred_thousand_addresses_take_less_than_five_megabytes():
    tracemalloc.start()
    seen = SeenAddresses()

    for number in range(100_000):
        seen.first_row(f"person{number}@acme.example", number + 2)

    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert size < 5_000_000
