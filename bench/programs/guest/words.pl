# Counts words and pairs of words of a text, and prints the most frequent ones.
use strict;
use warnings;

my (%count, %pair, $last, $letters);
open my $in, '<', $ARGV[0] or die "$ARGV[0]: $!";
while (my $line = <$in>) {
  for my $word ($line =~ /[a-z]+/g) {
    $count{$word}++;
    $pair{"$last $word"}++ if defined $last;
    $letters += length $word;
    $last = $word;
  }
  $line =~ s/\s+$//;
  $letters++ if $line =~ /^(.).*\1$/;
}
for my $table (\%count, \%pair) {
  my @most = sort { $table->{$b} <=> $table->{$a} || $a cmp $b } keys %$table;
  print "$_ $table->{$_}\n" for @most[0 .. 9];
}
print scalar(keys %count), " ", scalar(keys %pair), " $letters\n";
